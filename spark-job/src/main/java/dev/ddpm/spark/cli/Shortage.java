package dev.ddpm.spark.cli;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a machine or cluster lacks, as exceptions tell it. Operating system, Java, Hadoop and Spark
 * have no type in common for it, and some of them pass it on as text only.
 */
final class Shortage {
  private static final Pattern DISK =
      Pattern.compile(
          "No space left on device|Disk quota exceeded|File too large"
              + "|No space available in any of the local directories"
              + "|The (?:DiskSpace|NameSpace) quota [^\\n]*");

  private static final Pattern MEMORY =
      Pattern.compile(
          "OutOfMemoryError(?:: ([^\\n]*))?|Cannot allocate memory|unable to create native thread"
              + "|System memory \\d+ must be at least \\d+");

  private static final Pattern RESULT =
      Pattern.compile(
          "Total size of serialized results of [^\\n]* is bigger than"
              + " spark\\.driver\\.maxResultSize \\([^)\\n]*\\)");

  private static final Pattern STACK = Pattern.compile("StackOverflowError");

  private static final Pattern EXECUTOR =
      Pattern.compile("ExecutorLostFailure \\(([^\\n]*)|Job [^\\n]* SparkContext was shut down");

  private static final Pattern MASTER =
      Pattern.compile(
          "Master removed our application[^\\n]*|All masters are unresponsive[^\\n]*"
              + "|Could not find CoarseGrainedScheduler");

  /** Hadoop knows the name of the class, and Spark's class path does not have it. */
  private static final Pattern FILE_SYSTEM =
      Pattern.compile(
          "Class ([\\w.$]*FileSystem[\\w$]*|org\\.apache\\.hadoop\\.fs\\.s3a\\.S3A) not found");

  private Shortage() {}

  /**
   * What is lacking.
   *
   * @param chain an exception and its causes
   * @return a sentence; empty if nothing is known to be lacking
   */
  static Optional<String> in(List<Throwable> chain) {
    return first(DISK, chain)
        .map(
            found ->
                "A disk is full or over its quota (%s): the output needs room, and so do temporary files in spark.local.dir and java.io.tmpdir."
                    .formatted(found.group()))
        .or(() -> first(MEMORY, chain).map(Shortage::memory))
        .or(
            () ->
                first(RESULT, chain)
                    .map(
                        found ->
                            "The driver does not accept all that the tasks return (%s): raise"
                                    .formatted(found.group())
                                + " spark.driver.maxResultSize (--conf), or set it to 0 for no"
                                + " bound."))
        .or(
            () ->
                first(STACK, chain)
                    .map(
                        found ->
                            "The stack of a thread is used up (StackOverflowError): --conf"
                                + " spark.driver.defaultJavaOptions=-Xss4m makes the driver's"
                                + " larger, and spark.executor.defaultJavaOptions those of"
                                + " executors."))
        .or(
            () ->
                first(EXECUTOR, chain)
                    .or(() -> first(MASTER, chain))
                    .map(found -> "The cluster has failed the job: " + found.group() + "."))
        .or(() -> first(FILE_SYSTEM, chain).map(Shortage::fileSystem));
  }

  private static String fileSystem(Matcher found) {
    return "Spark has no jar for the file system of a path (%s): ".formatted(found.group())
        + (found.group(1).startsWith("org.apache.hadoop.fs.s3a.")
            ? "put --settings conf/spark-defaults/s3a.conf --conf"
                + " spark.jars.packages=org.apache.spark:spark-hadoop-cloud_2.12:3.5.5 before the"
                + " command; conf/CLUSTERS.md tells of clusters and images."
            : "add those of its connector, for instance with spark.jars.packages.");
  }

  private static String memory(Matcher found) {
    return "Memory is used up (%s): raise --memory or --native-memory of the scripts, or lower the batch size."
        .formatted(found.group(1) == null ? found.group() : found.group(1).strip());
  }

  private static Optional<Matcher> first(Pattern pattern, List<Throwable> chain) {
    // The innermost exception tells most precisely.
    for (int i = chain.size() - 1; i >= 0; i--) {
      Matcher matcher = pattern.matcher(chain.get(i).toString());
      if (matcher.find()) {
        return Optional.of(matcher);
      }
    }
    return Optional.empty();
  }
}
