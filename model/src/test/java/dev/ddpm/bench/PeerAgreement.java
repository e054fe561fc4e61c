package dev.ddpm.bench;

import dev.ddpm.checkpoint.TensorHeader;
import dev.ddpm.golden.GoldenFile;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Whether the peer's network of the paper, in small, predicts and learns what diffusers' does: a
 * faster step of another network would prove nothing.
 */
final class PeerAgreement {
  private static final String GRADIENT = "grad.";
  private static final double PREDICTED = 2e-5;
  private static final double LOST = 1e-5;
  private static final double LEARNT = 2e-4;

  private final GoldenFile golden = GoldenFile.open("unet2d_ho_small");
  private double prediction;
  private double loss;
  private double gradient;

  private PeerAgreement() {}

  /**
   * Runs the peer and compares.
   *
   * @return a line that says how far they are apart
   * @throws IllegalStateException if they are too far apart
   */
  static String check(Processes processes, String classPath)
      throws IOException, InterruptedException {
    PeerAgreement agreement = new PeerAgreement();
    Path in = Files.createTempFile("peer-", ".in");
    Path out = Files.createTempFile("peer-", ".out");
    try {
      agreement.write(in);
      processes.golden(classPath, in, out);
      agreement.compare(out);
    } finally {
      Files.delete(in);
      Files.delete(out);
    }
    String line =
        String.format(
            Locale.ROOT,
            "libtorch's network is diffusers' golden one within %.1e (prediction), %.1e (loss) and"
                + " %.1e of the largest (gradients)",
            agreement.prediction,
            agreement.loss,
            agreement.gradient);
    if (!(agreement.prediction < PREDICTED
        && agreement.loss < LOST
        && agreement.gradient < LEARNT)) {
      throw new IllegalStateException(line);
    }
    return line;
  }

  private void write(Path file) throws IOException {
    List<TensorHeader> tensors =
        golden.tensors().stream()
            .filter(tensor -> !tensor.name().startsWith(GRADIENT))
            .filter(tensor -> !List.of("x", "eps_theta", "loss").contains(tensor.name()))
            .toList();
    try (DataOutputStream out =
        new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file)))) {
      out.writeInt(tensors.size());
      for (TensorHeader tensor : tensors) {
        out.writeUTF(tensor.name());
        out.writeInt(tensor.shape().size());
        for (int length : tensor.shape()) {
          out.writeInt(length);
        }
        for (float value : golden.values(tensor.name())) {
          out.writeFloat(value);
        }
      }
    }
  }

  private void compare(Path file) throws IOException {
    double largest = 0;
    double difference = 0;
    int gradients = 0;
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
      int count = in.readInt();
      for (int i = 0; i < count; i++) {
        String name = in.readUTF();
        in.skipNBytes((long) Integer.BYTES * in.readInt());
        float[] expected = golden.values(name);
        double far = 0;
        for (float value : expected) {
          far = Math.max(far, Math.abs(in.readFloat() - value));
          if (name.startsWith(GRADIENT)) {
            largest = Math.max(largest, Math.abs(value));
          }
        }
        switch (name) {
          case "eps_theta" -> prediction = far;
          case "loss" -> loss = far;
          default -> {
            difference = Math.max(difference, far);
            gradients++;
          }
        }
      }
    }
    gradient = gradients == 0 ? Double.NaN : difference / largest;
  }
}
