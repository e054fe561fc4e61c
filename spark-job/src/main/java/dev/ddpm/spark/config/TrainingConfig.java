package dev.ddpm.spark.config;

import dev.ddpm.DdpmException;
import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.LossWeighting;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.TimestepShares;
import dev.ddpm.network.MemorySaving;
import dev.ddpm.spark.cluster.WireFormat;
import dev.ddpm.training.Decay;
import dev.ddpm.training.KeptProfiles;
import dev.ddpm.training.LearningRate;
import dev.ddpm.training.Optimiser;
import dev.ddpm.training.OuterOptimiser;
import dev.ddpm.training.RoundPlan;
import dev.ddpm.training.TrainingSpec;
import java.io.Serializable;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The optimisation and how it is spread over workers. */
public record TrainingConfig(
    @Key(value = "32", in = "[1, 1000000]", doc = "Images per worker and optimiser step.")
        int batchSize,
    @Key(
            value = "0",
            since = "0.2.0",
            absent = "1",
            in = "[0, 1000000]",
            doc =
                "Parts that a worker's batch is computed in, whose gradients are added up: less"
                    + " memory, and the same step but for rounding; 0 = as few as the memory of a"
                    + " worker demands.")
        int accumulate,
    @Key(
            value = "false",
            since = "0.2.0",
            absent = "false",
            doc =
                "Whether blocks of the network compute activations once more in the backward pass"
                    + " instead of keeping them: less memory, the same results. Done anyway where"
                    + " accumulate = 0 and not even one image at a time would fit.")
        boolean recompute,
    @Key(
            value = "false",
            since = "0.2.0",
            absent = "false",
            doc =
                "Whether all classes of the table's labels have the same share of every batch:"
                    + " images of small classes are used more often in an epoch, those of large"
                    + " ones in some epochs only; images without a label are used once in each.")
        boolean balanceClasses,
    @Key(
            value = "0",
            in = "[0, 1000000]",
            doc = "Workers, each with a model of its own; 0 = one per task slot of the cluster.")
        int workers,
    @Key(
            value = "16",
            in = "[1, 1000000000]",
            doc = "Optimiser steps of each worker between two averagings: the length of a round.")
        int averagingFrequency,
    @Key(
            value = "float32",
            absent = "float32",
            doc =
                "How weights and moments travel between driver and workers: float32 exactly;"
                    + " bfloat16 in half the bytes, with rounded moments, and the rounded change of"
                    + " the weights sent back in place of the weights.")
        WireFormat wireFormat,
    @Key(
            value = "1.0",
            since = "0.2.0",
            absent = "1.0",
            in = "(0, 10]",
            doc =
                "Share of what a round has changed in the averaged weights that is applied; 1 ="
                    + " plain averaging.")
        double outerLearningRate,
    @Key(
            value = "0.0",
            since = "0.2.0",
            absent = "0.0",
            in = "[0, 1)",
            doc =
                "Nesterov momentum of these changes over rounds, as in DiLoCo (there 0.9 with the"
                    + " rate 0.7); 0 = none.")
        double outerMomentum,
    @Key(value = "1", in = "[1, 1000000000]", doc = "Passes over the data set.") int epochs,
    @Key(
            value = "0",
            in = "[0, 1000000000]",
            doc = "Rounds after which training ends even within an epoch; 0 = no limit.")
        int maxRounds,
    @Key(
            value = "adam",
            doc = "Rule that turns gradients into updates: adam, or sgd without momentum.")
        Optimiser optimiser,
    @Key(
            value = "uniform",
            since = "0.2.0",
            absent = "uniform",
            doc =
                "How much the squared error of an image counts by its timestep: uniform as in Ho et"
                    + " al.; min-snr as in Hang et al. with gamma 5. Losses are printed"
                    + " unweighted.")
        LossWeighting weighting,
    @Key(
            value = "uniform",
            since = "0.2.0",
            absent = "uniform",
            doc =
                "How often timesteps are drawn: all alike, or by-weight, nine tenths of the images"
                    + " in proportion to the weighting and each counted the less. The gradient has"
                    + " the same mean, and less noise. Losses printed of training are then those of"
                    + " the timesteps drawn.")
        TimestepShares timesteps,
    @Key(
            paper = "2e-4",
            labml = "2e-5",
            in = "(0, 1e30]",
            doc = "Learning rate of the optimiser, after the warm-up.")
        double learningRate,
    @Key(
            paper = "5000",
            labml = "0",
            in = "[0, 1000000000]",
            doc = "Optimiser steps over which the learning rate rises linearly from 0; 0 = none.")
        int warmUpSteps,
    @Key(
            value = "constant",
            absent = "constant",
            doc = "How the learning rate goes on after the warm-up: cosine and linear fall to 0.")
        Decay schedule,
    @Key(
            value = "0",
            absent = "0",
            in = "[0, 1000000000000]",
            doc = "Optimiser steps after which a falling rate is 0; 0 = all steps of the run.")
        long decaySteps,
    @Key(
            paper = "1.0",
            labml = "0",
            in = "[0, 1e30]",
            doc =
                "Largest L2 norm of the whole gradient, to which a larger one is scaled; 0 = none.")
        double clipNorm,
    @Key(
            paper = "0.9999",
            labml = "0",
            in = "[0, 1)",
            doc = "Decay per optimiser step of the weights' moving average; 0 = no average.")
        double emaDecay,
    @Key(
            value = "false",
            since = "0.2.0",
            absent = "false",
            doc =
                "Whether to keep two more averages and snapshots of them, of which the command ema"
                    + " makes an average of any width when the run is over.")
        boolean emaProfiles,
    @Key(
            paper = "true",
            labml = "false",
            doc = "Whether each image is mirrored left to right with probability 1/2.")
        boolean horizontalFlip,
    @Key(
            value = "0.1",
            in = "[0, 1]",
            since = "0.2.0",
            absent = "0.1",
            doc =
                "Probability with which an image is trained as one of no class, so that the model"
                    + " can be guided; heeded with model.classes = labels.")
        double labelDropout,
    @Key(
            value = "50",
            in = "[1, 1000000000]",
            doc = "Rounds between two checkpoints; the last round always writes one.")
        int checkpointEvery,
    @Key(value = "3", in = "[1, 1000000000]", doc = "Newest checkpoints that are kept.")
        int keepCheckpoints,
    @Key(
            value = "0",
            absent = "0",
            doc =
                "Images that may be left out because they cannot be decoded: a number, or a share"
                    + " such as 1%; above 0, all are decoded once before training.")
        String maxBad,
    @Key(
            value = "3",
            absent = "3",
            in = "[1, 1000000000]",
            doc =
                "Rounds in a row that may be left out because a loss or weight was not finite; the"
                    + " next one ends training.")
        int maxBadRounds,
    @Key(
            value = "60",
            absent = "60",
            in = "[3, 1000000000]",
            doc =
                "Seconds without a sign of life after which the run of another driver is taken"
                    + " over.")
        int leaseSeconds,
    @Key(
            value = "0",
            in = "[-9223372036854775808, 9223372036854775807]",
            doc =
                "Seed of the weights, the order of images, timesteps, noise, flips and both kinds"
                    + " of dropout.")
        long seed)
    implements Serializable {

  /** How a model is trained to predict that, with images in that range. */
  public TrainingSpec spec(Prediction prediction, DataRange dataRange, RoundPlan plan) {
    return new TrainingSpec(
        prediction,
        weighting,
        timesteps,
        dataRange,
        horizontalFlip,
        labelDropout,
        optimiser,
        new LearningRate(learningRate, warmUpSteps, schedule, effectiveDecaySteps(plan)),
        clipNorm,
        emaDecay,
        seed);
  }

  /** Averages of the weights over time that the driver has room for. */
  public int averages() {
    return emaProfiles ? 1 + KeptProfiles.PROFILES.size() : 1;
  }

  /** The averages of which others are made, before the first round; empty if none are kept. */
  public Optional<float[]> initialProfiles(int weights) {
    return emaProfiles ? Optional.of(KeptProfiles.initial(weights)) : Optional.empty();
  }

  /**
   * The ways to save memory that may be chosen from, the fastest first: the configured one, or else
   * ever smaller parts of a batch, and then the same with blocks that recompute.
   *
   * @throws DdpmException (user) if the batch has fewer images than parts
   */
  public List<MemorySaving> memorySavings() {
    if (accumulate > 0) {
      return List.of(MemorySaving.inParts(batchSize, accumulate, recompute));
    }
    return Stream.of(recompute, true)
        .distinct()
        .flatMap(
            again ->
                IntStream.rangeClosed(1, batchSize)
                    .mapToObj(parts -> MemorySaving.inParts(batchSize, parts, again))
                    .distinct())
        .toList();
  }

  /** What is made of the averaged weights after a round. */
  public OuterOptimiser outerOptimiser() {
    return new OuterOptimiser(outerLearningRate, outerMomentum);
  }

  /** Rounds of the whole run. */
  public long rounds(RoundPlan plan) {
    long all = (long) epochs * plan.rounds();
    return maxRounds > 0 ? Math.min(all, maxRounds) : all;
  }

  /** Optimiser steps after which the learning rate has fallen; 0 if it stays. */
  public long effectiveDecaySteps(RoundPlan plan) {
    if (schedule == Decay.CONSTANT) {
      return 0;
    }
    return decaySteps > 0 ? decaySteps : plan.stepsAfter(rounds(plan));
  }
}
