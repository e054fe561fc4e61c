package dev.ddpm.spark.ingest;

import dev.ddpm.image.Channels;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.storage.StorageLevel;

/**
 * Pictures in archives: tar, compressed by gzip or not, and zip, on any file system that Spark
 * reaches. Each archive is read by one task, as a stream. As in WebDataset, a file {@code .cls}
 * beside a picture tells its class, or a {@code .json} by its key {@code label}. Every entry whose
 * name is that of a picture is taken for one, and all others are counted.
 *
 * @param inputs archives, folders of archives, and Hadoop globs
 * @param glob a Hadoop glob on the file names in the archives, in place of the usual names of
 *     pictures
 * @param labelFromFolder whether the folder of a picture in its archive is its label, where no file
 *     tells it: the one directly below the folders that all pictures have in common
 */
public record ArchiveSource(List<String> inputs, Optional<String> glob, boolean labelFromFolder)
    implements ImageSource {

  /** Copies the list. */
  public ArchiveSource {
    inputs = List.copyOf(inputs);
  }

  @Override
  public String description() {
    return "archive " + String.join(" ", inputs) + glob.map(pattern -> " " + pattern).orElse("");
  }

  /** Pictures of archives are of any kind and become RGB. */
  @Override
  public Optional<Channels> channels(SparkSession spark) {
    return Optional.of(Channels.RGB);
  }

  @Override
  public SourceImages read(SparkSession spark, Preparation preparation) {
    PictureNames.of(glob);
    String pattern = glob.orElse(null);
    boolean withFolders = labelFromFolder;
    InputFiles files = new InputFiles(spark);
    ArchiveListing listing = ArchiveListing.of(spark, files, inputs);
    // Archives travel in the closure, numbers in the data: Kryo 4 cannot write a record.
    List<ArchiveFile> archives = listing.archives();
    List<Integer> numbers = IntStream.range(0, archives.size()).boxed().toList();
    // Unpersisted when it is collected as garbage, after the rows are.
    JavaRDD<ArchiveIndex> indexes =
        JavaSparkContext.fromSparkContext(spark.sparkContext())
            .parallelize(numbers, Math.max(1, archives.size()))
            .map(
                number ->
                    ArchiveIndex.of(
                        files,
                        number,
                        archives.get(number),
                        PictureNames.of(Optional.ofNullable(pattern)),
                        withFolders))
            .persist(StorageLevel.MEMORY_AND_DISK());
    ArchiveSummary summary = new ArchiveSummary(labelFromFolder);
    indexes.map(ArchiveIndex::summary).collect().forEach(summary::plus);
    ArchiveClasses classes = ArchiveClasses.of(summary);
    Dataset<Row> candidates =
        spark.createDataFrame(
            indexes.flatMap(
                index ->
                    new ArchiveReader(
                        files,
                        archives.get(index.number()),
                        index,
                        classes,
                        PictureNames.of(Optional.ofNullable(pattern)),
                        preparation)),
            Candidates.schema());
    return new SourceImages(
        withUnreadable(spark, candidates, listing),
        classes.names(),
        leftOut(listing.leftOut(), summary.leftOut()),
        remarks(archives.size()),
        true,
        summary.pictures());
  }

  private static Dataset<Row> withUnreadable(
      SparkSession spark, Dataset<Row> candidates, ArchiveListing listing) {
    List<Row> unreadable = new ArrayList<>();
    listing
        .unreadable()
        .forEach((name, reason) -> unreadable.add(Candidates.bad(name, name + " " + reason + ".")));
    return unreadable.isEmpty()
        ? candidates
        : candidates.union(spark.createDataFrame(unreadable, Candidates.schema()));
  }

  private static List<LeftOut> leftOut(List<LeftOut> files, LeftOutFiles entries) {
    List<LeftOut> all = new ArrayList<>(files);
    all.addAll(entries.byReason());
    return all;
  }

  private static List<String> remarks(int archives) {
    return List.of(archives == 1 ? "1 archive" : archives + " archives");
  }
}
