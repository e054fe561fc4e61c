package dev.ddpm.spark.cli;

import java.util.Optional;
import picocli.CommandLine.IVersionProvider;

/** The version of the job jar. */
final class Version implements IVersionProvider {

  @Override
  public String[] getVersion() {
    return new String[] {
      "ddpm " + ofJar(),
      "Java " + Runtime.version() + ", Spark " + org.apache.spark.package$.MODULE$.SPARK_VERSION()
    };
  }

  /** The version in the manifest of the job jar; "development" outside of a jar. */
  static String ofJar() {
    return Optional.ofNullable(Version.class.getPackage().getImplementationVersion())
        .orElse("development");
  }
}
