package dev.ddpm.spark.cli;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ChannelPolicy;
import dev.ddpm.image.Channels;
import dev.ddpm.image.Orientation;
import dev.ddpm.image.ResizePolicy;
import dev.ddpm.image.Rgb;
import dev.ddpm.spark.dataset.BadImagePolicy;
import dev.ddpm.spark.dataset.TableDescription;
import dev.ddpm.spark.ingest.Account;
import dev.ddpm.spark.ingest.ArchiveSource;
import dev.ddpm.spark.ingest.CifarSource;
import dev.ddpm.spark.ingest.FolderSource;
import dev.ddpm.spark.ingest.IdxSource;
import dev.ddpm.spark.ingest.ImageSource;
import dev.ddpm.spark.ingest.IngestJob;
import dev.ddpm.spark.ingest.IngestOptions;
import dev.ddpm.spark.ingest.IngestResult;
import dev.ddpm.spark.ingest.InputKind;
import dev.ddpm.spark.ingest.TableSource;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ddpm ingest}: makes an image table of files. */
@Command(
    name = "ingest",
    mixinStandardHelpOptions = true,
    description = {
      "Makes a Parquet image table from image files, or from a table of any other form: decodes"
          + " them, brings them all to the same channels and size, and numbers them: in the order"
          + " of their names; those of an archive in that in which it holds them, those of a table"
          + " by a key or by content.",
      "Paths may be on any file system that Spark reaches (file:, hdfs:, s3a:)."
    },
    footer = {
      "",
      "Examples:",
      "  ddpm ingest --source idx --labels train-labels-idx1-ubyte.gz \\",
      "      --output tables/mnist train-images-idx3-ubyte.gz",
      "  ddpm ingest --source cifar10 --output hdfs:///tables/cifar10 \\",
      "      cifar-10-batches-bin",
      "  ddpm ingest --output tables/cats train-00000-of-00001.parquet",
      "  ddpm ingest --source table --format orc --image-column photo.bytes \\",
      "      --label-column species --where \"year > 2020\" --height 64 --width 64 \\",
      "      --output tables/birds hdfs:///warehouse/birds",
      "  ddpm ingest --source archive --height 64 --width 64 --output tables/shards \\",
      "      's3a://bucket/shards/train-*.tar'",
      "  ddpm ingest --source folder --channels rgb --height 64 --width 64 \\",
      "      --label-from-folder --on-bad-image skip --max-bad 1%% \\",
      "      --output tables/flowers s3a://bucket/flowers"
    })
final class IngestCommand implements Callable<Integer> {

  /** What happens to bad images. */
  enum OnBadImage {
    FAIL,
    SKIP
  }

  @Spec CommandSpec spec;

  @Option(
      names = "--source",
      paramLabel = "KIND",
      converter = KindConverter.class,
      description =
          "What the input is: idx (MNIST, gzipped or not), cifar10 (binary version), folder (of"
              + " PNG, JPEG, GIF, BMP, WebP and TIFF files, with all folders in it), archive (tar,"
              + " tar.gz and zip with such files, as of WebDataset), or table (whatever Spark"
              + " reads, such as Parquet files of Hugging Face). Default: what the files are.")
  Optional<InputKind> kind;

  @Parameters(
      arity = "1..*",
      paramLabel = "INPUT",
      description =
          "The IDX file of images; CIFAR-10 files, or the folder of their data_batch_*.bin; the"
              + " folder of images; archives, folders of archives, or patterns such as"
              + " shards/train-*.tar; or the files or the folder of a table, or its name in Spark's"
              + " catalogue.")
  List<String> inputs;

  @Option(
      names = "--output",
      required = true,
      paramLabel = "FOLDER",
      description = "The table to write: a folder that is absent or empty.")
  String output;

  @Option(
      names = "--labels",
      paramLabel = "FILE",
      description = "With --source idx: the IDX file of labels.")
  Optional<String> labels;

  @Option(
      names = "--label-names",
      split = ",",
      paramLabel = "NAME",
      description =
          "With --labels: what the labels 0, 1, 2, … mean, such as"
              + " t-shirt,trouser,pullover (default: they have no names).")
  List<String> labelNames = List.of();

  @Option(
      names = "--label-from-folder",
      description =
          "With --source folder: the folder directly below INPUT names the label; labels are"
              + " numbered in the order of these names. With --source archive: so does, of a"
              + " picture without a .cls file or a label in a .json file beside it, the folder"
              + " directly below those that all pictures lie in.")
  boolean labelFromFolder;

  @Option(
      names = "--glob",
      paramLabel = "PATTERN",
      description =
          "With --source folder or archive: names of the files that are read as images; a file that"
              + " matches but is no image counts as a bad one (default: what ends as the names of"
              + " pictures do, such as .jpg or .PNG).")
  Optional<String> glob;

  @Mixin TableArguments table;

  @Option(
      names = "--channels",
      paramLabel = "CHANNELS",
      converter = ChannelsConverter.class,
      description =
          "grey, rgb or rgba. Required for a folder; the default of archives and of a table of"
              + " picture files is rgb, also if all are grey, and that of the other sources and of"
              + " tables that ingest has made what they have.")
  Optional<Channels> channels;

  @Option(
      names = "--background",
      paramLabel = "COLOUR",
      defaultValue = "#ffffff",
      description =
          "Colour that shows through transparent images unless --channels is rgba, and that of the"
              + " border of --resize pad (default: ${DEFAULT-VALUE}).")
  String background;

  @In("[1, 8192]")
  @Option(
      names = "--height",
      paramLabel = "PIXELS",
      description = "Height of all images; without it they must all have the same size already.")
  Optional<Integer> height;

  @In("[1, 8192]")
  @Option(names = "--width", paramLabel = "PIXELS", description = "Width of all images.")
  Optional<Integer> width;

  @Option(
      names = "--resize",
      paramLabel = "MODE",
      converter = ModeConverter.class,
      description =
          "How an image of another shape is brought to that size: center-crop (cover it and cut),"
              + " pad (fit into it), or stretch (default: center-crop).")
  Optional<ResizePolicy.Mode> resize;

  @Option(
      names = "--orientation",
      paramLabel = "ACTION",
      converter = OrientationConverter.class,
      description =
          "With --source folder, archive or table: what is done with a picture's note on how the"
              + " camera was held: apply (turn it upright) or ignore (default: apply).")
  Optional<Orientation> orientation;

  @Option(
      names = "--on-bad-image",
      paramLabel = "ACTION",
      defaultValue = "fail",
      converter = OnBadImageConverter.class,
      description = "fail or skip (default: ${DEFAULT-VALUE}).")
  OnBadImage onBadImage;

  @Option(
      names = "--max-bad",
      paramLabel = "LIMIT",
      description =
          "With --on-bad-image skip: fail if more images are bad; a number, or a share such as 1%%"
              + " (default: 1%%).")
  Optional<String> maxBad;

  @In("[1, 1000000000000]")
  @Option(
      names = "--limit",
      paramLabel = "N",
      description = "Only the first N good images, in the order in which they are numbered.")
  Optional<Long> limit;

  @Override
  public Integer call() {
    SparkSession spark = SparkSession.builder().getOrCreate();
    InputKind found =
        kind.or(() -> table.format.map(unused -> InputKind.TABLE))
            .orElseGet(() -> InputKind.of(spark, inputs));
    ImageSource source = source(found);
    IngestOptions options =
        new IngestOptions(
            source,
            output,
            channelPolicy(spark, source),
            resizePolicy(),
            orientation.orElse(Orientation.APPLY),
            badImagePolicy(),
            limit.map(OptionalLong::of).orElse(OptionalLong.empty()));
    PrintWriter out = spec.commandLine().getOut();
    if (kind.isEmpty()) {
      out.println("source: " + Words.of(found));
      out.flush();
    }
    report(new IngestJob(spark, options, out).run());
    return 0;
  }

  private ImageSource source(InputKind found) {
    List<String> understood = ownOptions(found);
    for (InputKind other : InputKind.values()) {
      for (String option : ownOptions(other)) {
        if (!understood.contains(option)) {
          throw DdpmException.user(
              "%s was given with --source %s%s: it goes with %s only.",
              option,
              Words.of(found),
              kind.isPresent() ? "" : ", as which the input was recognised",
              kindsWith(option));
        }
      }
    }
    boolean one = found == InputKind.IDX || found == InputKind.FOLDER;
    if (one && inputs.size() > 1) {
      throw DdpmException.user(
          "--source %s takes one INPUT; %d were given.", Words.of(found), inputs.size());
    }
    return switch (found) {
      case IDX -> new IdxSource(inputs.get(0), labels, checkedLabelNames());
      case CIFAR10 -> new CifarSource(inputs);
      case FOLDER -> new FolderSource(inputs.get(0), glob, labelFromFolder);
      case ARCHIVE -> new ArchiveSource(inputs, glob, labelFromFolder);
      case TABLE -> new TableSource(inputs, table.options());
    };
  }

  private List<String> checkedLabelNames() {
    if (!labelNames.isEmpty() && labels.isEmpty()) {
      throw DdpmException.user("--label-names was given without --labels.");
    }
    List<String> names = labelNames.stream().map(String::strip).toList();
    Set<String> seen = new HashSet<>();
    for (String name : names) {
      if (name.isEmpty() || !seen.add(name)) {
        throw DdpmException.user(
            "--label-names = %s: %s; every class needs a name of its own.",
            String.join(",", names),
            name.isEmpty() ? "one name is empty" : name + " stands there twice");
      }
    }
    return names;
  }

  /** Those of the given options that a kind understands and some others do not. */
  private List<String> ownOptions(InputKind of) {
    List<String> given = new ArrayList<>();
    if (of == InputKind.IDX) {
      labels.ifPresent(unused -> given.add("--labels"));
      if (!labelNames.isEmpty()) {
        given.add("--label-names");
      }
    }
    if (of == InputKind.FOLDER || of == InputKind.ARCHIVE) {
      glob.ifPresent(unused -> given.add("--glob"));
      if (labelFromFolder) {
        given.add("--label-from-folder");
      }
    }
    if (of == InputKind.TABLE) {
      given.addAll(table.given());
    }
    if (of != InputKind.IDX && of != InputKind.CIFAR10) {
      orientation.ifPresent(unused -> given.add("--orientation"));
    }
    return given;
  }

  private String kindsWith(String option) {
    return Arrays.stream(InputKind.values())
        .filter(of -> ownOptions(of).contains(option))
        .map(Words::of)
        .collect(Collectors.joining(" or "));
  }

  private ChannelPolicy channelPolicy(SparkSession spark, ImageSource source) {
    Channels wanted =
        channels
            .or(() -> source.channels(spark))
            .orElseThrow(
                () ->
                    DdpmException.user(
                        "--channels is missing: images of a folder can be of any kind, so that"
                            + " grey, rgb or rgba must be chosen."));
    return new ChannelPolicy(wanted, Rgb.parse(background));
  }

  private Optional<ResizePolicy> resizePolicy() {
    if (height.isPresent() != width.isPresent()) {
      throw DdpmException.user("--height and --width must be given together, or neither.");
    }
    if (resize.isPresent() && height.isEmpty()) {
      throw DdpmException.user("--resize was given without --height and --width.");
    }
    return height.map(
        rows ->
            new ResizePolicy(
                rows,
                width.orElseThrow(),
                resize.orElse(ResizePolicy.Mode.CENTER_CROP),
                Rgb.parse(background)));
  }

  private BadImagePolicy badImagePolicy() {
    if (onBadImage == OnBadImage.SKIP) {
      return new BadImagePolicy(maxBad.orElse("1%"));
    }
    if (maxBad.isPresent()) {
      throw DdpmException.user("--max-bad was given, but --on-bad-image is fail.");
    }
    return BadImagePolicy.FAIL;
  }

  private void report(IngestResult result) {
    PrintWriter out = spec.commandLine().getOut();
    TableDescription table = result.table();
    out.printf("%d images of %s in %s%n", table.count(), table.shape(), output);
    result.remarks().forEach(remark -> out.println("read: " + remark));
    if (result.skipped() > 0) {
      out.printf("%d bad images were skipped:%n", result.skipped());
      result.reasons().forEach(reason -> out.println("  " + reason));
      if (result.skipped() > result.reasons().size()) {
        out.println("  …");
      }
    }
    Account account = result.account();
    out.printf("found %d, used %d%n", account.found(), account.used());
    account.leftOut().forEach(leftOut -> out.println("  " + leftOut));
    for (int label = 0; label < table.labelNames().size(); label++) {
      out.printf("label %d: %s%n", label, table.labelNames().get(label));
    }
    out.flush();
  }

  private static final class KindConverter implements ITypeConverter<InputKind> {
    @Override
    public InputKind convert(String word) {
      return Words.parse(InputKind.class, word);
    }
  }

  private static final class ChannelsConverter implements ITypeConverter<Channels> {
    @Override
    public Channels convert(String word) {
      return Words.parse(Channels.class, word);
    }
  }

  private static final class ModeConverter implements ITypeConverter<ResizePolicy.Mode> {
    @Override
    public ResizePolicy.Mode convert(String word) {
      return Words.parse(ResizePolicy.Mode.class, word);
    }
  }

  private static final class OrientationConverter implements ITypeConverter<Orientation> {
    @Override
    public Orientation convert(String word) {
      return Words.parse(Orientation.class, word);
    }
  }

  private static final class OnBadImageConverter implements ITypeConverter<OnBadImage> {
    @Override
    public OnBadImage convert(String word) {
      return Words.parse(OnBadImage.class, word);
    }
  }
}
