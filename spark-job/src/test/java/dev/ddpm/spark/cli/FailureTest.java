package dev.ddpm.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.ddpm.DdpmException;
import dev.ddpm.DdpmException.Category;
import dev.ddpm.spark.LocalSpark;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.zip.ZipException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.spark.SparkException;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class FailureTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  @Test
  void findsTheSentenceInTheChainOfCauses() {
    DdpmException own = DdpmException.environment("the disk is full.");

    assertThat(Failure.of(new SparkException("job", new RuntimeException("task", own))))
        .isEqualTo(new Failure(Category.ENVIRONMENT, "the disk is full."));
  }

  @Test
  void findsTheSentenceWhereOnlyTextSurvived() {
    String trace =
        "Job aborted due to stage failure: Lost task 0.0 in stage 0.0 (TID 0) (host executor 1): "
            + DdpmException.data("image 7 is truncated.")
            + "\n\tat dev.ddpm.Somewhere.read(Somewhere.java:3)";

    assertThat(Failure.of(new SparkException(trace)))
        .isEqualTo(new Failure(Category.DATA, "image 7 is truncated."));
  }

  @Test
  void findsTheSentenceOfARealTask() {
    JavaSparkContext spark = JavaSparkContext.fromSparkContext(SPARK.session().sparkContext());

    assertThat(Failure.of(failureOf(() -> failingJob(spark))))
        .isEqualTo(new Failure(Category.DATA, "image 3 is truncated."));
  }

  private static void failingJob(JavaSparkContext spark) {
    spark
        .parallelize(List.of(1, 2, 3), 1)
        .foreach(
            id -> {
              if (id == 3) {
                throw DdpmException.data("image %d is truncated.", id);
              }
            });
  }

  private static Exception failureOf(Runnable job) {
    try {
      job.run();
    } catch (Exception failure) {
      return failure;
    }
    throw new AssertionError("the job did not fail");
  }

  @Test
  void exceptionsOfOthersAreSortedByTheirType() {
    assertThat(Failure.of(new UncheckedIOException(new IOException("no route\nto host"))))
        .isEqualTo(new Failure(Category.ENVIRONMENT, "IOException: no route"));
    assertThat(Failure.of(new RuntimeException(new FileNotFoundException("/x"))))
        .isEqualTo(new Failure(Category.DATA, "FileNotFoundException: /x"));
    assertThat(Failure.of(new IllegalStateException("impossible")))
        .isEqualTo(
            new Failure(
                Category.INTERNAL,
                "IllegalStateException: impossible (unforeseen; --verbose shows where it was"
                    + " thrown)"));
  }

  @Test
  void theCategorySurvivesInText() {
    String trace = "Lost task 0.0: " + DdpmException.environment("the disk is slow.") + "\n\tat X";

    assertThat(Failure.of(new SparkException(trace)))
        .isEqualTo(new Failure(Category.ENVIRONMENT, "the disk is slow."));
  }

  static List<Throwable> shortages() {
    return List.of(
        new Error(new IOException("No space left on device")),
        new SparkException("Job aborted", new Error(new IOException("Disk quota exceeded"))),
        new ExecutionException(new UncheckedIOException(new IOException("File too large"))),
        new FileNotFoundException("/tmp/x (No space left on device)"),
        new SparkException("task 3: java.io.IOException: No space left on device\n\tat X"),
        DdpmException.data(new IOException("No space left on device"), "the table is damaged."),
        DdpmException.environment(new IOException("No space left on device"), "x: not written."),
        new OutOfMemoryError("Java heap space"),
        new OutOfMemoryError(),
        new IllegalArgumentException(
            "[INVALID_DRIVER_MEMORY] System memory 304087040 must be at least 471859200. Please"),
        new SparkException(
            "task 3: java.lang.OutOfMemoryError: GC overhead limit exceeded\n\tat X"),
        new IOException("Cannot run program: error=12, Cannot allocate memory"),
        new SparkException("Lost task 3: ExecutorLostFailure (executor 2 exited) Reason: killed"),
        new IllegalStateException("Job 7 cancelled because SparkContext was shut down"));
  }

  @ParameterizedTest
  @MethodSource("shortages")
  void whatAMachineLacksIsTheEnvironments(Throwable thrown) {
    assertThat(Failure.of(thrown).category()).isEqualTo(Category.ENVIRONMENT);
    assertThat(Failure.of(thrown).message().lines()).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "s3a://bucket/run | (Class org.apache.hadoop.fs.s3a.S3AFileSystem not found): put"
            + " --settings conf/spark-defaults/s3a.conf --conf"
            + " spark.jars.packages=org.apache.spark:spark-hadoop-cloud_2.12:3.5.5 before",
        "abfs://c@account/run | (Class org.apache.hadoop.fs.azurebfs.AzureBlobFileSystem not"
            + " found): add those of its connector",
        "wasbs://c@account/run | (Class org.apache.hadoop.fs.azure.NativeAzureFileSystem$Secure not"
            + " found): add"
      })
  void aFileSystemThatSparkDoesNotBringIsToldWithWhatBringsIt(String path, String message) {
    Failure failure =
        Failure.of(catchThrowable(() -> new Path(path).getFileSystem(new Configuration())));

    assertThat(failure.category()).isEqualTo(Category.ENVIRONMENT);
    assertThat(failure.message()).contains(message);
  }

  /** Hadoop's local files throw it as an error, which Spark takes from the task to the driver. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void aFullDiskUnderATask() {
    JavaSparkContext spark = JavaSparkContext.fromSparkContext(SPARK.session().sparkContext());

    Throwable thrown =
        catchThrowable(() -> spark.parallelize(List.of(1), 1).foreach(FailureTest::fillADisk));

    assertThat(Failure.of(thrown).category()).isEqualTo(Category.ENVIRONMENT);
    assertThat(Failure.of(thrown).message())
        .startsWith("A disk is full or over its quota (No space left on device): ");
  }

  @Test
  void moreThanTheDriverAccepts() {
    JavaSparkContext spark =
        JavaSparkContext.fromSparkContext(
            SPARK.session("local[2]", Map.of("spark.driver.maxResultSize", "100k")).sparkContext());

    Throwable thrown =
        catchThrowable(
            () -> spark.parallelize(List.of(1, 2), 2).map(i -> new byte[90_000]).collect());

    assertThat(Failure.of(thrown).category()).isEqualTo(Category.ENVIRONMENT);
    assertThat(Failure.of(thrown).message())
        .startsWith(
            "The driver does not accept all that the tasks return (Total size of serialized"
                + " results of 2 tasks (")
        .endsWith(
            "is bigger than spark.driver.maxResultSize (100.0 KiB)): raise"
                + " spark.driver.maxResultSize (--conf), or set it to 0 for no bound.");
  }

  private static void fillADisk(int number) throws IOException {
    try (var files = new RawLocalFileSystem()) {
      files.initialize(URI.create("file:///"), new Configuration());
      try (var out = files.append(new Path("/dev/full"))) {
        out.write(new byte[1 << 20]);
      }
    }
  }

  static List<Throwable> damages() {
    String reading = "Encountered error while reading file file:///t/part-0.parquet. Details:";
    return List.of(
        new ChecksumException("Checksum error: file:/t/part-0.parquet at 0", 0),
        new SparkException(reading, new IOException("FAILED_TO_UNCOMPRESS(5)")),
        new SparkException(reading, new EOFException()),
        new SparkException("file:/t/part-0.parquet", new ZipException("incorrect data check")),
        new RuntimeException("file:/t/part-0.parquet is not a Parquet file. Expected magic number"),
        DdpmException.environment(
            new FileNotFoundException("/t/part-0.parquet (Is a directory)"),
            "/t/part-0.parquet cannot be read."),
        DdpmException.environment(
            new FileNotFoundException("Path is not a file: /t/part-0.parquet"),
            "/t/part-0.parquet cannot be read."),
        DdpmException.environment(
            new ZipException("incorrect data check"), "file:/t/part-0.parquet cannot be read."));
  }

  @ParameterizedTest
  @MethodSource("damages")
  void whatAFileLacksIsTheDatas(Throwable thrown) {
    assertThat(Failure.of(thrown).category()).isEqualTo(Category.DATA);
    assertThat(Failure.of(thrown).message()).contains("/t/part-0.parquet").doesNotContain("\n");
  }

  @Test
  void noConnectionIsNoDamage() {
    assertThat(
            Failure.of(
                    new SparkException(
                        "Encountered error while reading file hdfs://n/t. Details:",
                        new ConnectException("Connection refused")))
                .category())
        .isEqualTo(Category.ENVIRONMENT);
    assertThat(
            Failure.of(new EOFException("End of File Exception between local host is: \"a\""))
                .category())
        .isEqualTo(Category.ENVIRONMENT);
    assertThat(Failure.of(new FileNotFoundException("/t/x (Permission denied)")).category())
        .isEqualTo(Category.ENVIRONMENT);
  }

  @Test
  void aCycleOfCausesEnds() {
    Exception a = new Exception("a");
    Exception b = new Exception("b", a);
    a.initCause(b);

    assertThat(Failure.of(a).category()).isEqualTo(Category.INTERNAL);
  }
}
