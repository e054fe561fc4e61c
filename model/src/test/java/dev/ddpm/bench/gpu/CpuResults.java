package dev.ddpm.bench.gpu;

import dev.ddpm.backend.Backends;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.nd4j.Nd4jBackend;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What this machine's CPU makes of the steps of {@link AgreementCheck}: {@code FILE}. */
public final class CpuResults {
  private CpuResults() {}

  public static void main(String[] args) throws IOException {
    write(
        AgreementCheck.weights(
            Backends.best(Nd4jBackend.class, Precision.FLOAT32).create(Precision.FLOAT32)),
        Path.of(args[0]));
  }

  static void write(float[][] vectors, Path file) throws IOException {
    try (DataOutputStream out =
        new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file)))) {
      out.writeInt(vectors.length);
      for (float[] vector : vectors) {
        out.writeInt(vector.length);
        for (float value : vector) {
          out.writeFloat(value);
        }
      }
    }
  }

  static float[][] read(Path file) {
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
      float[][] vectors = new float[in.readInt()][];
      for (int i = 0; i < vectors.length; i++) {
        vectors[i] = new float[in.readInt()];
        for (int j = 0; j < vectors[i].length; j++) {
          vectors[i][j] = in.readFloat();
        }
      }
      return vectors;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
