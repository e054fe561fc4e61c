package dev.ddpm.spark.ingest;

import dev.ddpm.DdpmException;
import dev.ddpm.image.Channels;
import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.RawImage;
import dev.ddpm.spark.dataset.LiteralPath;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * A folder of PNG, JPEG, GIF and BMP files, and all folders in it, on any file system that Spark
 * reaches. Every file whose name matches the glob is taken for an image: if it is none, it is a bad
 * image. Names that begin with a dot or an underscore are left out, as everywhere in Hadoop.
 *
 * @param folder the root
 * @param glob a Hadoop glob on the file name
 * @param labelFromFolder whether the name of the folder directly below the root is the label;
 *     labels are numbered in the order of these names
 */
public record FolderSource(String folder, String glob, boolean labelFromFolder)
    implements ImageSource {

  /** The names of picture files. */
  public static final String PICTURES =
      "*.{png,jpg,jpeg,gif,bmp,PNG,JPG,JPEG,GIF,BMP,Png,Jpg,Jpeg,Gif,Bmp}";

  @Override
  public String description() {
    return "folder " + folder + " " + glob;
  }

  @Override
  public Optional<Channels> channels() {
    return Optional.empty();
  }

  @Override
  public SourceImages read(SparkSession spark, Preparation preparation) {
    FolderListing listing = FolderListing.of(new InputFiles(spark), folder, glob);
    List<String> names = labelFromFolder ? listing.folders() : List.of();
    Map<String, Integer> labels = new HashMap<>();
    for (String name : names) {
      labels.put(name, labels.size());
    }
    String root = listing.root();
    boolean labelled = labelFromFolder;
    Dataset<Row> candidates =
        spark
            .read()
            .format("binaryFile")
            .option("recursiveFileLookup", "true")
            .option("pathGlobFilter", glob)
            .load(LiteralPath.of(folder))
            .select("path", "content")
            .map(
                (MapFunction<Row, Row>)
                    file -> {
                      String name = FolderListing.relative(root, file.getString(0));
                      byte[] content = file.getAs(1);
                      Integer label = labels.get(FolderListing.firstFolder(name));
                      return Candidates.ofFile(
                          name, label, () -> decode(name, content, labelled, label), preparation);
                    },
                Encoders.row(Candidates.schema()));
    List<Row> empty =
        listing.empty().stream()
            .map(
                name ->
                    Candidates.ofFile(
                        name, null, () -> ImageCodec.decode(new byte[0], name), preparation))
            .toList();
    return new SourceImages(
        empty.isEmpty()
            ? candidates
            : candidates.union(spark.createDataFrame(empty, Candidates.schema())),
        names);
  }

  private static RawImage decode(String name, byte[] content, boolean labelled, Integer label) {
    if (labelled && label == null) {
      throw DdpmException.data(
          "%s lies in no folder below the root that could be its label.", name);
    }
    return ImageCodec.decode(content, name);
  }
}
