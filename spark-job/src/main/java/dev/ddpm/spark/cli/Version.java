package dev.ddpm.spark.cli;

import dev.ddpm.spark.cluster.ProgramVersion;
import picocli.CommandLine.IVersionProvider;

/** The version of the job jar. */
final class Version implements IVersionProvider {

  @Override
  public String[] getVersion() {
    return new String[] {
      "ddpm " + ProgramVersion.ofJar(),
      "Java " + Runtime.version() + ", Spark " + org.apache.spark.package$.MODULE$.SPARK_VERSION()
    };
  }
}
