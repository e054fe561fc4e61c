package dev.ddpm.spark.train;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import dev.ddpm.spark.cluster.Durations;
import java.util.List;
import java.util.Locale;

/**
 * A finished round for people and for analysis: one line of the console, one of {@code
 * metrics.jsonl}.
 *
 * @param round rounds made so far in the whole run, from 1
 * @param rounds rounds of the whole run
 * @param epoch number of the epoch, from 1
 * @param epochs epochs of the whole run
 * @param step optimiser steps made so far
 * @param images images seen so far, over all epochs
 * @param used images of this round that the weights have learnt from
 * @param skipped images of this round that they have not, because something was not finite
 * @param loss mean over the round's images of the mean squared error of their minibatch; null if
 *     the round was not applied
 * @param learningRate of the round's last step
 * @param imagesPerSecond throughput of the round, everything included
 * @param computeSeconds time in optimiser steps, of the slowest worker
 * @param transferSeconds the rest until the averaged state was on the driver; the sum of the three
 *     that follow
 * @param broadcastSeconds until the slowest worker had received and loaded the state
 * @param readSeconds of the slowest worker in reading its images
 * @param averageSeconds the rest: scheduling, sending the blocks of the states, averaging them
 * @param driverSeconds all else since the round before: averaging of weights over time, validation,
 *     and the checkpoint and contact sheet of the round before
 * @param remainingSeconds estimate of the time left
 * @param validationLoss mean loss of the held-out images; null if it was not due
 * @param validationByTimestep the same in ten equal ranges of timesteps, from 0 up
 * @param frechet distance of drawn images to the held-out ones; null if it was not due
 */
@JsonPropertyOrder({"round", "rounds", "epoch", "epochs", "step", "images", "used", "skipped"})
record RoundReport(
    long round,
    long rounds,
    long epoch,
    long epochs,
    long step,
    long images,
    long used,
    long skipped,
    Double loss,
    double learningRate,
    double imagesPerSecond,
    double computeSeconds,
    double transferSeconds,
    double broadcastSeconds,
    double readSeconds,
    double averageSeconds,
    double driverSeconds,
    double remainingSeconds,
    Double validationLoss,
    List<Double> validationByTimestep,
    Double frechet) {

  /** One readable line. */
  String line() {
    String learnt = loss == null ? "not finite, not applied" : "loss %.4f";
    String validated = validationLoss == null ? "" : " · validation %.4f";
    String distance = frechet == null ? "" : " · Fréchet %.4f";
    return String.format(
        Locale.ROOT,
        "round %d/%d · epoch %d/%d · %,d images · %s%s · lr %.2e · %.1f images/s"
            + " · compute %.1fs, transfer %.1fs, driver %.1fs · ETA %s",
        round,
        rounds,
        epoch,
        epochs,
        images,
        String.format(Locale.ROOT, learnt, loss),
        String.format(Locale.ROOT, validated, validationLoss)
            + String.format(Locale.ROOT, distance, frechet),
        learningRate,
        imagesPerSecond,
        computeSeconds,
        transferSeconds,
        driverSeconds,
        Durations.readable(remainingSeconds));
  }
}
