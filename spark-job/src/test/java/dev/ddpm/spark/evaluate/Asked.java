package dev.ddpm.spark.evaluate;

import dev.ddpm.backend.BackendChoice;
import dev.ddpm.evaluation.extractor.ExtractorSpec;
import dev.ddpm.spark.config.ConfigLoader;
import dev.ddpm.spark.config.SamplingConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/** What an evaluation is asked for, changed one by one. */
final class Asked {
  private final Path table;
  private final Path output;
  private Set<MetricChoice> metrics = Set.of(MetricChoice.BITS_PER_DIM);
  private Optional<String> model = Optional.empty();
  private OptionalLong images = OptionalLong.empty();
  private OptionalInt timesteps = OptionalInt.empty();
  private SamplingConfig sampling = settings();
  private boolean unconditional;
  private Optional<EvaluateJob.Samples> samples = Optional.empty();
  private OptionalLong count = OptionalLong.empty();
  private ExtractorSpec extractor = new VectorImages.Spec();
  private Optional<String> cache = Optional.empty();
  private Optional<String> heldOut = Optional.empty();
  private Optional<String> earlier = Optional.empty();

  /** Bits per dimension of a table, until something else is asked for. */
  Asked(Path table, Path output) {
    this.table = table;
    this.output = output;
  }

  /** Those of a configuration. */
  static SamplingConfig settings(String... assignments) {
    return ConfigLoader.load(Optional.empty(), List.of(assignments)).experiment().sampling();
  }

  Asked metrics(Set<MetricChoice> wanted) {
    metrics = wanted;
    return this;
  }

  Asked model(Path folder) {
    model = Optional.of(folder.toString());
    return this;
  }

  Asked images(long number) {
    images = OptionalLong.of(number);
    return this;
  }

  Asked timesteps(int number) {
    timesteps = OptionalInt.of(number);
    return this;
  }

  Asked sampling(SamplingConfig settings) {
    sampling = settings;
    return this;
  }

  Asked unconditional(boolean none) {
    unconditional = none;
    return this;
  }

  Asked samples(Path folder) {
    return samples(folder::toString);
  }

  Asked samples(EvaluateJob.Samples folder) {
    samples = Optional.of(folder);
    return this;
  }

  Asked count(long number) {
    count = OptionalLong.of(number);
    return this;
  }

  Asked extractor(ExtractorSpec spec) {
    extractor = spec;
    return this;
  }

  Asked cache(Path folder) {
    cache = Optional.of(folder.toString());
    return this;
  }

  Asked heldOut(Path others) {
    heldOut = Optional.of(others.toString());
    return this;
  }

  Asked earlier(Path evaluation) {
    earlier = Optional.of(evaluation.toString());
    return this;
  }

  EvaluateJob.Request request() {
    return new EvaluateJob.Request(
        model,
        table.toString(),
        output.toString(),
        metrics,
        images,
        timesteps,
        sampling,
        BackendChoice.DEFAULT,
        samples.map(
            folder ->
                new EvaluateJob.Comparison(folder, count, extractor, cache, heldOut, earlier)),
        unconditional);
  }
}
