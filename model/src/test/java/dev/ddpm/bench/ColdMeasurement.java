package dev.ddpm.bench;

/**
 * What a process that has just started reports of its first seconds, as one line of JSON.
 *
 * @param secondsToWorkers from the start of the JVM until its workers begin
 * @param secondsToFirstStep from there until every worker has built its network and made a step
 * @param secondsToFirstImage from there until a worker has made the {@value ColdSteps#IMAGE_STEPS}
 *     steps that finish its first images
 * @param firstRoundSeconds what the first {@value ColdSteps#ROUND_STEPS} steps of the slowest
 *     worker took, the networks being built
 * @param roundSeconds what so many steps take in the end
 * @param imagesAtFirst images · steps of all workers in the first {@value ColdSteps#FIRST_SECONDS}
 *     seconds
 * @param imagesPerSecond of all workers in the end
 */
record ColdMeasurement(
    double secondsToWorkers,
    double secondsToFirstStep,
    double secondsToFirstImage,
    double firstRoundSeconds,
    double roundSeconds,
    double imagesAtFirst,
    double imagesPerSecond) {

  /** Share of the images that the first seconds would have had at the rate of the end. */
  double shareAtFirst() {
    return imagesAtFirst / (ColdSteps.FIRST_SECONDS * imagesPerSecond);
  }

  /** Rate of the first round as a share of the rate of the end. */
  double shareOfFirstRound() {
    return roundSeconds / firstRoundSeconds;
  }
}
