package dev.ddpm.spark.train;

import dev.ddpm.DdpmException;
import dev.ddpm.spark.dataset.ImageRow;
import dev.ddpm.training.Ema;
import dev.ddpm.training.Replica;
import dev.ddpm.training.RoundPlan;

/**
 * Trains in this JVM alone, with the rounds of a plan for one worker: what distributed training is
 * compared with, and a way to train without a cluster.
 */
public final class LocalTrainer {

  /** The images of a data set that fits in memory. */
  @FunctionalInterface
  public interface Images {
    /** The row of an id. */
    ImageRow row(long id);
  }

  private final Replica replica;
  private final RoundPlan plan;
  private final Images images;
  private final double emaDecay;
  private final float[] ema;

  /**
   * A trainer.
   *
   * @param replica the model, which is trained in place
   * @param plan which row is used where, for one worker
   * @param images the data set
   * @param emaDecay limit of the per-step decay of the averaged weights; 0 for no average
   */
  public LocalTrainer(Replica replica, RoundPlan plan, Images images, double emaDecay) {
    if (plan.workers() != 1) {
      throw new IllegalArgumentException("workers = " + plan.workers() + ": must be 1");
    }
    this.replica = replica;
    this.plan = plan;
    this.images = images;
    this.emaDecay = emaDecay;
    this.ema = replica.network().parameters();
  }

  /**
   * Makes one round.
   *
   * @return mean over the images of the loss of their minibatch
   * @throws DdpmException (data) if a loss is not finite
   */
  public double round(long epoch, int round) {
    var order = plan.order(epoch);
    long firstStep = replica.network().steps();
    double lossSum = 0;
    for (int step = 0; step < plan.stepsIn(round); step++) {
      long start = plan.batchStart(round, 0, step);
      int size = (int) (plan.batchEnd(round, 0, step) - start);
      long[] ids = new long[size];
      byte[][] pixels = new byte[size][];
      int[] labels = new int[size];
      for (int i = 0; i < size; i++) {
        ids[i] = order.at(start + i);
        ImageRow row = images.row(ids[i]);
        pixels[i] = row.pixels();
        labels[i] = row.labelNumber();
      }
      double loss = replica.step(epoch, ids, pixels, labels);
      if (!Double.isFinite(loss)) {
        throw DdpmException.data(
            "The loss of optimiser step %d is %s: training has diverged; lower learning-rate or set"
                + " clip-norm.",
            replica.network().steps(), loss);
      }
      lossSum += loss * size;
    }
    Ema.update(ema, replica.network().parameters(), emaDecay, firstStep, plan.stepsIn(round));
    return lossSum / plan.rowsIn(round);
  }

  /** Makes all rounds of an epoch. */
  public void epoch(long epoch) {
    for (int round = 0; round < plan.rounds(); round++) {
      round(epoch, round);
    }
  }

  /** The averaged weights, not a copy. */
  public float[] ema() {
    return ema;
  }
}
