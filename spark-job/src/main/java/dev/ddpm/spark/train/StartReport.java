package dev.ddpm.spark.train;

import dev.ddpm.image.ClassLabels;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.spark.config.ExperimentConfig;
import dev.ddpm.spark.config.SamplingConfig;
import dev.ddpm.spark.dataset.ImageTableReader;
import dev.ddpm.spark.train.round.DataSplit;
import dev.ddpm.training.BalancedOrder;
import dev.ddpm.training.RoundPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What people are told of a run when it begins or goes on.
 *
 * @param slots tasks that the cluster runs at a time
 */
record StartReport(TrainJob.Prepared prepared, ExperimentConfig experiment, int slots) {

  /** One after the other. */
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(run());
    ClassLabels classes = prepared.description().classes();
    if (classes.exist()) {
      lines.add(
          "The network learns to tell %s apart; images without a label, and others with probability %s, are of none."
              .formatted(TrainedClasses.told(classes), prepared.setup().training().labelDropout()));
    }
    if (prepared.order() instanceof BalancedOrder balanced) {
      lines.add(BalancedClasses.told(balanced));
    }
    List<String> unseen = TrainedClasses.withoutImages(classes, prepared.reader());
    if (!unseen.isEmpty()) {
      lines.add(
          "No image of the table is of %s: the network is not taught what they look like, and images of them are not to be drawn."
              .formatted(TrainedClasses.told(unseen)));
    }
    SamplingConfig sampling = experiment.sampling();
    if (sampling.isGuided() && !sampling.guidanceModel().isEmpty()) {
      lines.add(
          "The pictures of this run are drawn without sampling.guidance-model, which only 'sample'"
              + " asks.");
    }
    DataSplit split = prepared.split();
    if (split.heldOut() + split.unusable() > 0) {
      lines.add(
          String.format(
              Locale.ROOT,
              "Held out to validate: %,d images. Left out because they cannot be decoded: %,d.",
              split.heldOut(),
              split.unusable()));
    }
    int workers = prepared.plan().workers();
    if (workers > slots) {
      lines.add(
          "%d workers share %d task slot(s): a round takes %d times as long as with a slot for each."
              .formatted(workers, slots, (workers + slots - 1) / slots));
    }
    return lines;
  }

  private String run() {
    ImageTableReader reader = prepared.reader();
    RoundPlan plan = prepared.plan();
    return String.format(
        Locale.ROOT,
        "Training on %,d images of %d×%d×%d: %,d parameters, %d worker(s) with batch size %d,"
            + " averaging every %d steps, %,d rounds",
        prepared.split().training(),
        reader.height(),
        reader.width(),
        reader.channels(),
        ParameterLayout.of(prepared.description().architecture()).size(),
        plan.workers(),
        plan.batchSize(),
        plan.averagingFrequency(),
        experiment.training().rounds(plan));
  }
}
