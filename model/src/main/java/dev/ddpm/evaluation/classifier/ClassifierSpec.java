package dev.ddpm.evaluation.classifier;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.FileSource;
import dev.ddpm.checkpoint.NamedTensors;
import dev.ddpm.checkpoint.TensorHeader;
import dev.ddpm.evaluation.extractor.ExtractorSpec;
import dev.ddpm.evaluation.extractor.FeatureClasses;
import dev.ddpm.evaluation.extractor.FeatureExtractor;
import dev.ddpm.evaluation.extractor.ImageInput;
import dev.ddpm.evaluation.extractor.ValueRange;
import dev.ddpm.image.ImageShape;
import dev.ddpm.image.InputResize;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** The features of a classifier: what its last layer but one makes of an image. */
public final class ClassifierSpec implements ExtractorSpec {
  private static final long serialVersionUID = 1L;

  private final ClassifierPlan plan;
  private final List<String> classNames;

  /** In the order of the plan's tensors. */
  private final float[][] weights;

  private final String digest;

  /**
   * A classifier with its weights.
   *
   * @param plan what it looks like
   * @param classNames what its classes are called; empty if that is not known
   * @param weights the tensors of the plan
   * @param digest SHA-256 of the file of the weights
   */
  ClassifierSpec(
      ClassifierPlan plan, List<String> classNames, NamedTensors weights, String digest) {
    this.plan = plan;
    this.classNames = List.copyOf(classNames);
    this.weights =
        plan.tensors().stream().map(t -> weights.values(t.name())).toArray(float[][]::new);
    this.digest = digest;
  }

  /**
   * The classifier in a folder that {@link ClassifierFolder} wrote.
   *
   * @throws DdpmException (data) if there is none, or it is damaged or of a newer version
   */
  public static ClassifierSpec read(FileSource folder) {
    return ClassifierFolder.read(folder);
  }

  /**
   * The classifier that comes with the program: of the ten garments of Fashion-MNIST. EXTRACTORS.md
   * tells how it was made.
   */
  public static ClassifierSpec fashionMnist() {
    return read(new ResourceFolder("fashion-mnist"));
  }

  /** What it looks like. */
  public ClassifierPlan plan() {
    return plan;
  }

  /** The classifier itself, for one thread. */
  public Classifier classifier() {
    NamedTensors tensors = new NamedTensors();
    List<TensorHeader> headers = plan.tensors();
    for (int i = 0; i < weights.length; i++) {
      tensors.add(headers.get(i), weights[i]);
    }
    return new Classifier(plan, tensors);
  }

  /**
   * Prepares images for it.
   *
   * @throws DdpmException (user) if they have colours that it would not see, or alpha
   */
  public ImageInput input(ImageShape images) {
    return new ImageInput(images, plan.input(), ValueRange.MINUS_ONE_TO_ONE);
  }

  @Override
  public SortedMap<String, String> settings() {
    return new TreeMap<>(
        Map.of(
            "kind",
            "classifier",
            "weights",
            "sha256:" + digest,
            "input",
            plan.input().toString(),
            "range",
            ValueRange.MINUS_ONE_TO_ONE.toString(),
            "resize",
            InputResize.DEFINITION));
  }

  @Override
  public Optional<FeatureClasses> classes() {
    Classifier classifier = classifier();
    return Optional.of(
        new FeatureClasses() {
          @Override
          public int count() {
            return plan.classes();
          }

          @Override
          public List<String> names() {
            return classNames;
          }

          @Override
          public int classOf(float[] features) {
            return classifier.classOfFeatures(features);
          }
        });
  }

  @Override
  public FeatureExtractor open(ImageShape images) {
    ImageInput input = input(images);
    Classifier classifier = classifier();
    float[] prepared = new float[plan.input().size()];
    return new FeatureExtractor() {
      @Override
      public int features() {
        return ClassifierPlan.FEATURES;
      }

      @Override
      public void extract(byte[] image, float[] to, int offset) {
        input.prepare(image, prepared);
        System.arraycopy(classifier.features(prepared), 0, to, offset, ClassifierPlan.FEATURES);
      }
    };
  }
}
