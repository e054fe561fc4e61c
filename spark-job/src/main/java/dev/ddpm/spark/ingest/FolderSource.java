package dev.ddpm.spark.ingest;

import dev.ddpm.DdpmException;
import dev.ddpm.image.Channels;
import dev.ddpm.image.RawImage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * A folder of pictures, and all folders in it, on any file system that Spark reaches. Every file
 * whose name is that of a picture is taken for one: if it is none, it is a bad image. All others
 * are counted.
 *
 * @param folder the root
 * @param glob a Hadoop glob on the file name, in place of the usual names of pictures
 * @param labelFromFolder whether the name of the folder directly below the root is the label;
 *     labels are numbered in the order of these names
 */
public record FolderSource(String folder, Optional<String> glob, boolean labelFromFolder)
    implements ImageSource {

  @Override
  public String description() {
    return "folder " + folder + glob.map(pattern -> " " + pattern).orElse("");
  }

  @Override
  public Optional<Channels> channels(SparkSession spark) {
    return Optional.empty();
  }

  @Override
  public SourceImages read(SparkSession spark, Preparation preparation) {
    InputFiles files = new InputFiles(spark);
    FolderListing listing = FolderListing.of(spark, files, folder, PictureNames.of(glob)::leftOut);
    List<String> names = labelFromFolder ? listing.folders() : List.of();
    Map<String, Integer> labels = new HashMap<>();
    for (String name : names) {
      labels.put(name, labels.size());
    }
    Dataset<Row> candidates = decoded(spark, files, listing, labels, preparation);
    List<Row> unreadable = new ArrayList<>();
    listing
        .unreadable()
        .forEach((name, reason) -> unreadable.add(Candidates.bad(name, name + " " + reason + ".")));
    return new SourceImages(
        unreadable.isEmpty()
            ? candidates
            : candidates.union(spark.createDataFrame(unreadable, Candidates.schema())),
        names,
        listing.leftOut(),
        List.of(),
        true,
        listing.pictures().size() + unreadable.size());
  }

  private Dataset<Row> decoded(
      SparkSession spark,
      InputFiles files,
      FolderListing listing,
      Map<String, Integer> labels,
      Preparation preparation) {
    List<List<String>> runs = FilePartitions.of(spark, listing.pictures());
    String root = listing.root();
    boolean labelled = labelFromFolder;
    return spark.createDataFrame(
        JavaSparkContext.fromSparkContext(spark.sparkContext())
            .parallelize(runs, Math.max(1, runs.size()))
            .flatMap(run -> run.iterator())
            .map(
                name -> {
                  Integer label = labels.get(FolderListing.firstFolder(name));
                  return Candidates.ofFile(
                      name, label, () -> decode(files, root, name, labelled, label, preparation));
                }),
        Candidates.schema());
  }

  private static RawImage decode(
      InputFiles files,
      String root,
      String name,
      boolean labelled,
      Integer label,
      Preparation preparation) {
    if (labelled && label == null) {
      throw DdpmException.data(
          "%s lies in no folder below the root that could be its label.", name);
    }
    return preparation.decode(files.bytes(root + name, name), name);
  }
}
