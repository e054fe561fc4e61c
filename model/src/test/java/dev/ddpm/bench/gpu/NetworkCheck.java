package dev.ddpm.bench.gpu;

import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Precision;
import dev.ddpm.diffusion.Batch;
import dev.ddpm.golden.GoldenFile;
import dev.ddpm.golden.GoldenNetworks;
import dev.ddpm.network.Architecture;
import dev.ddpm.network.MemorySaving;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.network.walk.WalkedNetwork;
import dev.ddpm.training.LearningRate;
import dev.ddpm.training.Optimiser;
import java.util.List;

/** Whole networks against the golden vectors: prediction, loss and all gradients. */
final class NetworkCheck {
  /** What rounding factors to 8 bits does at least: nobody computes in float32 unnoticed. */
  private static final double LEAST_OF_BFLOAT16 = 1e-4;

  /** What the names of files of diffusers' networks begin with. */
  private static final String UNET2D = "unet2d_";

  /**
   * With this rate plain descent takes so much off the weights that their differences are the
   * gradients, but for a rounding far below every limit.
   */
  private static final double RATE = 1 << 10;

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
    return name.startsWith(UNET2D)
        ? GoldenNetworks.unet2d(name.substring(UNET2D.length()))
        : GoldenNetworks.labml(golden);
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

  private double prediction() {
    float[] predicted = new float[golden.values("x_t").length];
    network.predict(GoldenNetworks.batch(golden), predicted);
    double error = Limits.relative(predicted, golden.image("eps_theta"));
    if (engine.precision() == Precision.BFLOAT16 && error < LEAST_OF_BFLOAT16) {
      throw new IllegalStateException("Nothing was rounded to bfloat16: the error is " + error);
    }
    return error;
  }

  private double gradients() {
    Batch batch = GoldenNetworks.batch(golden);
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
