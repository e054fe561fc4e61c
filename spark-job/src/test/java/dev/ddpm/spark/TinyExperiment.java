package dev.ddpm.spark;

import dev.ddpm.image.ChannelPolicy;
import dev.ddpm.image.Channels;
import dev.ddpm.image.Orientation;
import dev.ddpm.image.ResizePolicy;
import dev.ddpm.image.Rgb;
import dev.ddpm.spark.config.ConfigLoader;
import dev.ddpm.spark.config.LoadedConfig;
import dev.ddpm.spark.dataset.BadImagePolicy;
import dev.ddpm.spark.dataset.Files64;
import dev.ddpm.spark.ingest.IdxSource;
import dev.ddpm.spark.ingest.IngestJob;
import dev.ddpm.spark.ingest.IngestOptions;
import java.io.PrintWriter;
import java.io.Writer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.spark.sql.SparkSession;

/**
 * An experiment that is real but takes seconds: a small U-Net on 64 images of Fashion-MNIST, made
 * smaller and not square. Two workers with batches of 4 make 8 steps an epoch, in rounds of 3, 3
 * and 2 steps.
 */
public final class TinyExperiment {
  public static final int IMAGES = 64;
  public static final int HEIGHT = 16;
  public static final int WIDTH = 12;
  public static final int ROUNDS_PER_EPOCH = 3;
  public static final int TIMESTEPS = 50;

  private static final List<String> SETTINGS =
      List.of(
          "model.channels=8",
          "model.channel-multipliers=[1, 2]",
          "model.attention=[false, true]",
          "model.blocks=1",
          "model.norm-groups=4",
          "diffusion.timesteps=" + TIMESTEPS,
          "diffusion.beta-last=0.2",
          "training.workers=2",
          "training.batch-size=4",
          "training.averaging-frequency=3",
          "training.epochs=4",
          "training.learning-rate=2e-3",
          "training.warm-up-steps=5",
          "training.ema-decay=0.9",
          "training.checkpoint-every=2",
          "training.keep-checkpoints=2",
          "training.seed=7",
          "sampling.steps=5",
          "sampling.micro-batch=4",
          "sampling.seed=11");

  private TinyExperiment() {}

  /** The configuration, with further assignments that win. */
  public static LoadedConfig with(String... assignments) {
    List<String> all = new ArrayList<>(SETTINGS);
    all.addAll(List.of(assignments));
    return ConfigLoader.load(Optional.empty(), all);
  }

  /** The configuration as options of a command. */
  public static List<String> options() {
    return SETTINGS.stream().flatMap(setting -> List.of("--set", setting).stream()).toList();
  }

  /** Makes the image table. */
  public static void ingest(SparkSession spark, String table) {
    ingest(spark, table, HEIGHT, WIDTH);
  }

  /** Makes an image table of another size. */
  public static void ingest(SparkSession spark, String table, int height, int width) {
    var options =
        new IngestOptions(
            new IdxSource(Files64.IMAGES, Optional.of(Files64.LABELS), List.of()),
            table,
            new ChannelPolicy(Channels.GREY, Rgb.WHITE),
            Optional.of(new ResizePolicy(height, width, ResizePolicy.Mode.STRETCH, Rgb.WHITE)),
            Orientation.APPLY,
            BadImagePolicy.FAIL,
            OptionalLong.empty());
    new IngestJob(spark, options, new PrintWriter(Writer.nullWriter())).run();
  }
}
