package dev.ddpm.spark.dataset;

import java.nio.file.Path;

/** The first 64 images of Fashion-MNIST's training set, and their labels, as IDX files. */
public final class Files64 {
  public static final String IMAGES = resource("images-idx3-ubyte.gz");
  public static final String LABELS = resource("labels-idx1-ubyte.gz");

  private Files64() {}

  private static String resource(String name) {
    return Path.of("src/test/resources/fashion-mnist-64", name).toAbsolutePath().toString();
  }
}
