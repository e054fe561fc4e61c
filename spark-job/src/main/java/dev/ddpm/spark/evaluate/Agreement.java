package dev.ddpm.spark.evaluate;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.evaluation.Mean;
import dev.ddpm.evaluation.extractor.FeatureClasses;
import dev.ddpm.spark.cluster.ClusterJob;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Types;

/**
 * The share of samples of which a classifier says the class that was asked for. The same of the
 * table's images, where they are of classes that it knows, tells what is to be expected of images
 * without fault.
 */
final class Agreement extends SetMetric {
  /** Bytes of an image on the driver: its label, what it is taken for, and its row. */
  private static final long IMAGE_HEAP = 256;

  private static final String GUIDANCE = "guidance";

  @Override
  String name() {
    return "agreement";
  }

  @Override
  public void check(EvaluateJob.Request request, Optional<ModelDescription> model) {
    super.check(request, model);
    EvaluateJob.Comparison comparison = request.comparison().orElseThrow();
    FeatureClasses known =
        comparison
            .extractor()
            .classes()
            .orElseThrow(
                () ->
                    DdpmException.user(
                        "--extractor: agreement needs one that tells classes, fashion-mnist or"
                            + " classifier:FOLDER; %s only describes images.",
                        comparison.extractor().settings().get("kind")));
    if (comparison.samples().areDrawn()) {
      List<String> drawn = model.orElseThrow().classes().names();
      if (drawn.isEmpty()) {
        throw DdpmException.user(
            "--metrics = agreement: the model %s knows no classes, so that none can be asked for.",
            request.model().orElseThrow());
      }
      requireLed("--model = " + request.model().orElseThrow(), request.sampling().guidance());
      new KnownClasses(known, drawn).requireAll("the model");
    }
  }

  private static void requireLed(String images, Object guidance) {
    if (Double.valueOf(0).equals(guidance)) {
      throw DdpmException.user(
          "%s: with sampling.guidance = 0 no class leads the images, and there is none for"
              + " agreement to find again.",
          images);
    }
  }

  @Override
  int fewest() {
    return 1;
  }

  @Override
  long taskHeap(ComparedSets sets) {
    return 1 << 20;
  }

  @Override
  long driverHeap(ComparedSets sets) {
    return IMAGE_HEAP * (sets.real().images() + sets.generated().images()) + labelsHeap(sets);
  }

  @Override
  Measured compute(ClusterJob job, Evaluation evaluation, ComparedSets sets) {
    ImageSet generated = sets.generated();
    FeatureClasses known = sets.extractor().classes().orElseThrow();
    var classes = new KnownClasses(known, generated.classNames());
    classes.requireAll(generated.path());
    requireLed(generated.option() + " = " + generated.path(), generated.origin().get(GUIDANCE));
    int[] asked =
        classes.numbers(
            generated
                .labels()
                .orElseThrow(
                    () ->
                        DdpmException.user(
                            "%s = %s: agreement is of the classes that were asked for, and no image"
                                + " there has a label.",
                            generated.option(), generated.path())));
    job.describe("evaluate", "Classes of images");
    int[] said = ClassTask.run(job, sets.extractor(), sets.generatedFeatures());
    SortedMap<Integer, double[]> byClass = byClass(asked, said);
    Mean agreement = Mean.of(all(byClass));

    Map<String, Object> summary = new LinkedHashMap<>();
    summary.put("agreement", agreement.value());
    summary.put("agreement_standard_error", agreement.standardError());
    summary.put("agreement_images", all(byClass).length);
    StringBuilder line = new StringBuilder();
    line.append(
        String.format(
            Locale.ROOT,
            "Agreement %.4f (standard error %.4f from %,d images of %d classes)%s",
            agreement.value(),
            agreement.standardError(),
            all(byClass).length,
            byClass.size(),
            least(byClass, names(known, generated))));
    ofReal(job, sets, known)
        .ifPresent(
            real -> {
              summary.put("agreement_of_real", real.value());
              line.append(
                  String.format(Locale.ROOT, "; of the images of the table %.4f", real.value()));
            });
    if (all(byClass).length < asked.length) {
      line.append(
          "%n%,d samples have no label and do not count"
              .formatted(asked.length - all(byClass).length));
    }
    List<Measured.Table> tables =
        List.of(
            new Measured.Table("", schema(), rows(asked, said)),
            new Measured.Table("-classes", classesSchema(), classRows(byClass)));
    return new Measured(line.toString(), summary, tables, List.of());
  }

  /** By class: 1 for each image that is taken for it, and 0 for each other, in their order. */
  private static SortedMap<Integer, double[]> byClass(int[] asked, int[] said) {
    SortedMap<Integer, double[]> agrees = new TreeMap<>();
    IntStream.range(0, asked.length)
        .filter(image -> asked[image] != ImageSet.NO_LABEL)
        .boxed()
        .collect(Collectors.groupingBy(image -> asked[image]))
        .forEach(
            (number, images) ->
                agrees.put(
                    number,
                    images.stream()
                        .mapToDouble(image -> said[image] == asked[image] ? 1 : 0)
                        .toArray()));
    return agrees;
  }

  private static double[] all(SortedMap<Integer, double[]> byClass) {
    return byClass.values().stream().flatMapToDouble(Arrays::stream).toArray();
  }

  /** The names of the classifier's classes; if it has none, those of the samples, if they have. */
  private static List<String> names(FeatureClasses known, ImageSet generated) {
    return known.names().isEmpty() ? generated.classNames() : known.names();
  }

  private static String least(SortedMap<Integer, double[]> byClass, List<String> names) {
    if (byClass.size() < 2) {
      return "";
    }
    int number =
        Collections.min(
            byClass.keySet(), Comparator.comparingDouble(one -> Mean.of(byClass.get(one)).value()));
    return String.format(
        Locale.ROOT,
        "; least of class %s: %.4f of %,d",
        names.isEmpty() ? number : names.get(number),
        Mean.of(byClass.get(number)).value(),
        byClass.get(number).length);
  }

  /** The same share of the table's images, if they have labels that the classifier knows. */
  private static Optional<Mean> ofReal(ClusterJob job, ComparedSets sets, FeatureClasses known) {
    var classes = new KnownClasses(known, sets.real().classNames());
    return sets.real()
        .labels()
        .filter(labels -> classes.knowsAll(labels))
        .map(
            labels ->
                Mean.of(
                    all(
                        byClass(
                            classes.numbers(labels),
                            ClassTask.run(job, sets.extractor(), sets.realFeatures())))));
  }

  private static List<List<Object>> rows(int[] asked, int[] said) {
    return IntStream.range(0, asked.length)
        .filter(image -> asked[image] != ImageSet.NO_LABEL)
        .mapToObj(
            image ->
                List.<Object>of(
                    (long) image, asked[image], said[image], asked[image] == said[image] ? 1 : 0))
        .toList();
  }

  private static List<List<Object>> classRows(SortedMap<Integer, double[]> byClass) {
    List<List<Object>> rows = new ArrayList<>();
    byClass.forEach(
        (number, agrees) -> {
          Mean mean = Mean.of(agrees);
          rows.add(List.of(number, (long) agrees.length, mean.value(), mean.standardError()));
        });
    return rows;
  }

  /**
   * By sample: the class that was asked for and that which it is taken for, as the classifier
   * numbers them, and whether they are one.
   */
  private static MessageType schema() {
    return Types.buildMessage()
        .required(PrimitiveTypeName.INT64)
        .named("sample_index")
        .required(PrimitiveTypeName.INT32)
        .named("label")
        .required(PrimitiveTypeName.INT32)
        .named("said")
        .required(PrimitiveTypeName.INT32)
        .named("agrees")
        .named("agreement");
  }

  /** By class, as the classifier numbers them: its samples, and the share of those that agree. */
  private static MessageType classesSchema() {
    return Types.buildMessage()
        .required(PrimitiveTypeName.INT32)
        .named("label")
        .required(PrimitiveTypeName.INT64)
        .named("images")
        .required(PrimitiveTypeName.DOUBLE)
        .named("agreement")
        .required(PrimitiveTypeName.DOUBLE)
        .named("standard_error")
        .named("agreement_classes");
  }
}
