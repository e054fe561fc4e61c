package dev.ddpm.bench.gpu;

import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Precision;
import dev.ddpm.diffusion.Batch;
import dev.ddpm.golden.GoldenFile;
import dev.ddpm.network.Architecture;
import dev.ddpm.network.LabmlUNet;
import dev.ddpm.network.MemorySaving;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.network.Unet2d;
import dev.ddpm.network.block.TimeEncoding;
import dev.ddpm.network.walk.WalkedNetwork;
import dev.ddpm.training.LearningRate;
import dev.ddpm.training.Optimiser;
import java.util.Arrays;
import java.util.List;

/** Whole networks against the golden vectors: prediction, loss and all gradients. */
final class NetworkCheck {
  /** What rounding factors to 8 bits does at least: nobody computes in float32 unnoticed. */
  private static final double LEAST_OF_BFLOAT16 = 1e-4;

  /**
   * With this rate plain descent takes so much off the weights that their differences are the
   * gradients, but for a rounding far below every limit.
   */
  private static final double RATE = 1 << 10;

  private static final Unet2d CLASSES =
      new Unet2d(
          1,
          16,
          16,
          List.of(16, 32),
          List.of(false, true),
          1,
          8,
          1e-5,
          8,
          Unet2d.Middle.PLAIN,
          new TimeEncoding(0, true),
          1,
          false,
          0,
          10,
          false);

  private final GoldenFile golden;
  private final Engine engine;
  private final Architecture architecture;
  private final WalkedNetwork network;

  private NetworkCheck(GoldenFile golden, Architecture architecture, Engine engine) {
    this.golden = golden;
    this.engine = engine;
    this.architecture = architecture;
    this.network =
        WalkedNetwork.create(
            architecture,
            1,
            Optimiser.SGD,
            LearningRate.constant(RATE, 0),
            MemorySaving.NONE,
            engine);
    network.setParameters(flat(""));
  }

  /**
   * Errors are shares of the largest value: of the prediction, and of all gradients.
   *
   * @param names the golden files
   */
  static void run(CardUnderTest card, List<String> names, Attempts attempts) {
    for (Precision precision : Limits.PRECISIONS) {
      for (String name : names) {
        GoldenFile golden = GoldenFile.open(name);
        Architecture architecture = architecture(name, golden);
        attempts.relative(
            name + ": prediction",
            precision,
            () -> of(golden, architecture, card, precision).prediction());
        attempts.relative(
            name + ": loss and gradients",
            precision,
            () -> of(golden, architecture, card, precision).gradients());
      }
    }
  }

  private static NetworkCheck of(
      GoldenFile golden, Architecture architecture, CardUnderTest card, Precision precision) {
    return new NetworkCheck(golden, architecture, card.engine().apply(precision));
  }

  private static Architecture architecture(String name, GoldenFile golden) {
    if (name.equals("unet2d_classes_small")) {
      return CLASSES;
    }
    return new LabmlUNet(
        golden.number("image_channels"),
        golden.number("image_height"),
        golden.number("image_width"),
        golden.number("n_channels"),
        Arrays.stream(golden.metadata("ch_mults").split(",")).map(Integer::valueOf).toList(),
        Arrays.stream(golden.metadata("is_attn").split(",")).map(Boolean::valueOf).toList(),
        golden.number("n_blocks"),
        golden.number("n_groups"),
        1,
        0);
  }

  /** All tensors of a kind as a flat vector; zeros for those that the file lacks. */
  private float[] flat(String prefix) {
    ParameterLayout layout = ParameterLayout.of(architecture);
    float[] flat = new float[(int) layout.size()];
    for (ParameterLayout.Entry tensor : layout.tensors()) {
      if (golden.has(prefix + tensor.name())) {
        layout.fromStateDict(tensor, golden.values(prefix + tensor.name()), flat);
      } else if (prefix.isEmpty()) {
        throw new IllegalStateException("No " + tensor.name() + " among the golden vectors");
      }
    }
    return flat;
  }

  private Batch batch() {
    float[] timesteps = golden.values("t");
    int[] classes = null;
    if (golden.has("class_labels")) {
      float[] labels = golden.values("class_labels");
      classes = new int[labels.length];
      for (int i = 0; i < labels.length; i++) {
        classes[i] = (int) labels[i];
      }
    }
    return new Batch(timesteps.length, golden.image("x_t"), timesteps, classes);
  }

  private double prediction() {
    float[] predicted = new float[golden.values("x_t").length];
    network.predict(batch(), predicted);
    double error = Limits.relative(predicted, golden.image("eps_theta"));
    if (engine.precision() == Precision.BFLOAT16 && error < LEAST_OF_BFLOAT16) {
      throw new IllegalStateException("Nothing was rounded to bfloat16: the error is " + error);
    }
    return error;
  }

  private double gradients() {
    Batch batch = batch();
    float[] before = network.parameters();
    double loss =
        network.computeGradient(batch, golden.image("noise"), null, new long[batch.size()]);
    network.update(0);
    float[] gradient = network.parameters();
    for (int i = 0; i < gradient.length; i++) {
      gradient[i] = (float) ((before[i] - gradient[i]) / RATE);
    }
    double expectedLoss = golden.values("loss")[0];
    return Math.max(
        Math.abs(loss - expectedLoss) / expectedLoss, Limits.relative(gradient, flat("grad.")));
  }
}
