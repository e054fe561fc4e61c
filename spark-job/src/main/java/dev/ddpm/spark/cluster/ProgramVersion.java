package dev.ddpm.spark.cluster;

import java.util.Optional;

/** The version of this program. */
public final class ProgramVersion {
  private ProgramVersion() {}

  /** The version in the manifest of the job jar; "development" outside of a jar. */
  public static String ofJar() {
    return Optional.ofNullable(ProgramVersion.class.getPackage().getImplementationVersion())
        .orElse("development");
  }
}
