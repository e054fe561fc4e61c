package dev.ddpm.bench;

/**
 * What a benchmark process reports, as one line of JSON.
 *
 * @param medianMillis median duration of a step of one worker, while all workers run
 * @param minimumMillis shortest step
 * @param steps steps that were timed
 * @param imagesPerSecond of all workers together, from the median
 * @param peakMegabytes largest resident memory of the process
 * @param parameters of the network
 */
record Measurement(
    double medianMillis,
    double minimumMillis,
    int steps,
    double imagesPerSecond,
    double peakMegabytes,
    long parameters) {}
