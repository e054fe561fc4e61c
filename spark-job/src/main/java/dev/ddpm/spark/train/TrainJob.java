package dev.ddpm.spark.train;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.BackendChoice;
import dev.ddpm.backend.DeviceChoice;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.checkpoint.ModelFolder;
import dev.ddpm.checkpoint.TrainingState;
import dev.ddpm.evaluation.extractor.ExtractorSpec;
import dev.ddpm.image.ClassLabels;
import dev.ddpm.image.ImageShape;
import dev.ddpm.network.MemorySaving;
import dev.ddpm.network.TrainableNetwork;
import dev.ddpm.spark.cluster.ClusterJob;
import dev.ddpm.spark.cluster.WireFloats;
import dev.ddpm.spark.config.BackendConfig;
import dev.ddpm.spark.config.DiffusionConfig;
import dev.ddpm.spark.config.ExperimentConfig;
import dev.ddpm.spark.config.LoadedConfig;
import dev.ddpm.spark.config.PrecisionChoice;
import dev.ddpm.spark.config.Setting;
import dev.ddpm.spark.config.TrainingConfig;
import dev.ddpm.spark.config.ValidationConfig;
import dev.ddpm.spark.config.Word;
import dev.ddpm.spark.dataset.BadImagePolicy;
import dev.ddpm.spark.dataset.ImageTableReader;
import dev.ddpm.spark.stored.ExtractorChoice;
import dev.ddpm.spark.stored.SamplingPlan;
import dev.ddpm.spark.stored.TableClasses;
import dev.ddpm.spark.train.dl4j.AveragedTraining;
import dev.ddpm.spark.train.round.DataSplit;
import dev.ddpm.spark.train.round.ModelState;
import dev.ddpm.spark.train.round.TrainingSetup;
import dev.ddpm.training.EpochOrder;
import dev.ddpm.training.RoundPlan;
import dev.ddpm.training.ShuffledOrder;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/**
 * Trains a model on an image table: checks the cluster, the memory and the table, trains on a
 * {@link TrainingCluster}, and leaves a {@link RunFolder}.
 *
 * <p>Started again on the same run folder with the same configuration, it goes on after the newest
 * complete checkpoint.
 */
public final class TrainJob {
  private final SparkSession spark;
  private final LoadedConfig configuration;
  private final String table;
  private final String run;
  private final Resume resume;
  private final Optional<StartingModel> from;
  private final PrintWriter out;

  /**
   * Touches nothing before {@link #run}.
   *
   * @param configuration the experiment
   * @param table path of the image table
   * @param run path of the run folder, new or of the same experiment
   * @param resume whether to go on from what the run folder holds
   * @param out receives one line per round
   */
  public TrainJob(
      SparkSession spark,
      LoadedConfig configuration,
      String table,
      String run,
      Resume resume,
      PrintWriter out) {
    this(spark, configuration, table, run, resume, Optional.empty(), out);
  }

  /**
   * A job that may start from a model.
   *
   * @param from the model whose weights a new run starts from; empty for weights that are drawn
   */
  public TrainJob(
      SparkSession spark,
      LoadedConfig configuration,
      String table,
      String run,
      Resume resume,
      Optional<StartingModel> from,
      PrintWriter out) {
    this.spark = spark;
    this.configuration = configuration;
    this.table = table;
    this.run = run;
    this.resume = resume;
    this.from = from;
    this.out = out;
  }

  /**
   * What training has come to.
   *
   * @param model path of the model folder
   * @param rounds rounds made in the whole run
   * @param lastLoss mean loss of the last round
   */
  public record Result(String model, long rounds, double lastLoss) {}

  /**
   * Trains to the end.
   *
   * @throws DdpmException for a wrong configuration, table or run folder, before any training;
   *     (data) if training has diverged
   */
  public Result run() {
    BackendChoice backend = backend();
    TrainingConfig training = configuration.experiment().training();
    Duration leaseExpiry = Duration.ofSeconds(training.leaseSeconds());
    Configuration hadoop = spark.sparkContext().hadoopConfiguration();
    boolean begun = RunFolder.hasCheckpoints(run, resume, hadoop);
    ImageTableReader reader = ImageTableReader.open(spark, table);
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    try (ClusterJob job = ClusterJob.start(context, backend)) {
      Prepared prepared = prepare(reader, job);
      ModelDescription plain = prepared.description();
      if (!begun) {
        requireUse(prepared);
      }
      // The wrong network would be told as too little memory.
      Optional<ModelFolder> model = begun ? Optional.empty() : openStart(plain);
      var memory =
          new MemoryChoice(
              job::firstFitting,
              training,
              prepared.plan(),
              plain.architecture(),
              prepared.order().heapBytes());
      MemorySaving toBegin = memory.toBegin();
      ModelDescription wanted = memory.describe(plain, toBegin);
      // A model that cannot be started from leaves no run folder.
      Optional<Checkpoints.Stored> start = model.map(open -> readStart(open, wanted));
      try (RunFolder folder = RunFolder.open(run, hadoop, leaseExpiry)) {
        Optional<Checkpoints.Stored> found = folder.resume(resume);
        MemorySaving saving =
            found.map(stored -> memory.toGoOn(stored.description())).orElse(toBegin);
        Optional<Checkpoints.Stored> resumed =
            found.map(stored -> goingOn(stored, memory.describe(wanted, saving)));
        if (resumed.isEmpty()) {
          requireUse(prepared);
        }
        Optional<Checkpoints.Stored> beginning =
            resumed
                .or(() -> start)
                .or(() -> openStart(wanted).map(open -> readStart(open, wanted)));
        return train(
            job,
            prepared.as(beginning.map(Checkpoints.Stored::description).orElse(wanted), saving),
            memory.told(saving, found.map(Checkpoints.Stored::description)),
            folder,
            beginning.map(Checkpoints.Stored::checkpoint),
            resumed.isPresent());
      }
    }
  }

  private BackendChoice backend() {
    BackendConfig config = configuration.experiment().backend();
    if (config.device() == DeviceChoice.CPU && config.precision() != PrecisionChoice.FLOAT32) {
      throw DdpmException.user(
          "backend.precision = %s: must be %s for training; a trained model is sampled and"
              + " evaluated in either. Cards (backend.device = cuda) train in each.",
          Word.of(config.precision()), Word.of(PrecisionChoice.FLOAT32));
    }
    return config.choice();
  }

  /**
   * The run as it goes on, if its settings allow. One of a version that did not take down its
   * images goes on with those that it is given, unless they are others than those of the table that
   * it was started on, where that can be read.
   */
  private Checkpoints.Stored goingOn(Checkpoints.Stored stored, ModelDescription wanted) {
    RunSettings.requireSame(
        run, stored.description(), wanted, configuration.experiment().training().decaySteps() > 0);
    ClassLabels classes = stored.description().classes();
    if (!classes.equals(wanted.classes())) {
      throw DdpmException.user(
          "--run = %s: was started with %s, and not with %s, which the table %s names now; name a"
              + " new folder, or the table as it was.",
          run, TrainedClasses.told(classes), TrainedClasses.told(wanted.classes()), table);
    }
    Map<String, String> before = stored.description().provenance();
    if (!before.containsKey(RunSettings.FINGERPRINT)) {
      String earlier = before.getOrDefault(RunSettings.TABLE, "an unknown table");
      Optional<String> fingerprint =
          earlier.equals(table) ? Optional.empty() : fingerprint(earlier);
      if (fingerprint.isEmpty()) {
        out.println(
            ("The version that began this run on %s did not take down which images it has; from"
                    + " now on they are those of %s.")
                .formatted(earlier, table));
      } else if (!fingerprint.get().equals(wanted.provenance().get(RunSettings.FINGERPRINT))) {
        Map<String, String> known = new TreeMap<>(before);
        known.put(RunSettings.FINGERPRINT, fingerprint.get());
        throw RunSettings.otherImages(run, known, wanted.provenance());
      }
    }
    return stored.describedBy(wanted);
  }

  /** That of a table's images; empty if there is no table any more that can be read. */
  private Optional<String> fingerprint(String earlier) {
    try {
      return Optional.of(ImageTableReader.open(spark, earlier).fingerprint());
    } catch (DdpmException unreadable) {
      return Optional.empty();
    }
  }

  private Optional<ModelFolder> openStart(ModelDescription wanted) {
    return from.map(model -> model.open(wanted, spark.sparkContext().hadoopConfiguration()));
  }

  private Checkpoints.Stored readStart(ModelFolder model, ModelDescription wanted) {
    return from.orElseThrow().read(model, wanted, configuration.experiment().training());
  }

  /**
   * What is known before anything is written or built.
   *
   * @param order which image stands where in an epoch
   * @param extractor what a distance of drawn images is one of; empty if none is computed
   */
  record Prepared(
      ImageTableReader reader,
      DataSplit split,
      RoundPlan plan,
      EpochOrder order,
      ModelDescription description,
      TrainingSetup setup,
      Optional<ExtractorSpec> extractor) {

    /** The same with what the beginning of the run has made known. */
    Prepared as(ModelDescription known, MemorySaving saving) {
      return new Prepared(
          reader,
          split,
          plan,
          order,
          known,
          setup.after(StartingModel.earlierSteps(known)).with(saving),
          extractor);
    }
  }

  private Prepared prepare(ImageTableReader reader, ClusterJob job) {
    ExperimentConfig experiment = configuration.experiment();
    TrainingConfig training = experiment.training();
    DataSplit split = split(reader, experiment);
    RoundPlan plan =
        new RoundPlan(
            split.training(),
            training.workers() == 0
                ? (int) Math.min(job.slots(), split.training())
                : training.workers(),
            training.averagingFrequency(),
            training.batchSize(),
            training.seed());
    ModelDescription description = describe(experiment, reader, plan);
    plan.batchSizes()
        .forEach(size -> reader.imageShape().requireTogether(size, "training.batch-size"));
    // What cannot be sampled as configured is found out before it is trained.
    new SamplingPlan(
        description,
        experiment.sampling(),
        BackendChoice.DEFAULT,
        TableClasses.drawn(spark, description.classes(), experiment.sampling().classes()));
    DiffusionConfig diffusion = experiment.diffusion();
    var setup =
        new TrainingSetup(
                description.architecture(),
                description.schedule().build(),
                training.spec(diffusion.prediction(), diffusion.dataRange(), plan))
            .on(experiment.backend().choice());
    return new Prepared(
        reader,
        split,
        plan,
        training.balanceClasses()
            ? BalancedClasses.order(reader, split, training.seed(), table)
            : new ShuffledOrder(plan),
        description,
        setup,
        extractor(experiment, reader.imageShape()));
  }

  private Optional<ExtractorSpec> extractor(ExperimentConfig experiment, ImageShape images) {
    ValidationConfig validation = experiment.validation();
    if (validation.frechetEvery() == 0) {
      return Optional.empty();
    }
    ExtractorSpec extractor =
        ExtractorChoice.parse(
            "validation.extractor",
            validation.extractor(),
            spark.sparkContext().hadoopConfiguration());
    extractor.open(images).close();
    return Optional.of(extractor);
  }

  /**
   * Trains from a checkpoint or a model on, or from weights that are drawn.
   *
   * @param memory what is to be told of how it is saved
   */
  private Result train(
      ClusterJob job,
      Prepared prepared,
      Optional<String> memory,
      RunFolder folder,
      Optional<Checkpoint> beginning,
      boolean resumed) {
    TrainingConfig training = configuration.experiment().training();
    RoundPlan plan = prepared.plan();
    TrainableNetwork driver = AveragedTraining.driver(prepared.setup());
    Checkpoint initial = beginning.orElseGet(() -> start(driver, training));
    try (var metrics = TrainingMetrics.register();
        var cluster = new TrainingCluster(job, prepared, configuration.experiment())) {
      var log =
          new RoundLog(
              plan,
              prepared.setup().training().learningRate(),
              training.rounds(plan),
              training.epochs(),
              folder.reportsUpTo(initial.training().round()),
              metrics,
              out);
      var trainingRun =
          new TrainingRun(
              plan, training, prepared.description(), folder, initial, cluster.watch(), log);
      new StartReport(prepared, configuration.experiment(), job.slots())
          .lines()
          .forEach(out::println);
      memory.ifPresent(out::println);
      if (!resumed) {
        from.ifPresent(model -> out.println(model.line(initial)));
      } else {
        out.println(
            trainingRun.finished()
                ? "Nothing to do: all rounds are done already."
                : "Going on after round %d of %d."
                    .formatted(trainingRun.roundsDone(), trainingRun.rounds()));
      }
      if (!trainingRun.finished()) {
        cluster.train(trainingRun, driver);
        trainingRun.finish();
      } else if (!folder.hasModelOf(trainingRun.roundsDone())) {
        trainingRun.finish();
      }
      trainingRun.requireLastRoundApplied();
      return new Result(
          folder.model().toString(), trainingRun.roundsDone(), trainingRun.lastLoss());
    }
  }

  /** Held-out images are drawn, unusable ones looked for where some may be left out. */
  private DataSplit split(ImageTableReader reader, ExperimentConfig experiment) {
    var policy = new BadImagePolicy(experiment.training().maxBad());
    long[] unusable = policy.equals(BadImagePolicy.FAIL) ? new long[0] : reader.unusable(policy);
    double fraction = experiment.validation().fraction();
    DataSplit split =
        new DataSplit(reader.images(), unusable, fraction, experiment.training().seed());
    if (fraction > 0 && split.training() == 0) {
      throw DdpmException.user(
          "validation.fraction = %s: leaves none of the %d images to train on.",
          fraction, split.heldOut());
    }
    return split;
  }

  /**
   * Checks that a run is of use with its settings. Not asked of one that goes on: an earlier
   * version may have begun it with any, and they cannot be changed any more.
   *
   * @throws DdpmException (user) naming the setting with which it is of none
   */
  private void requireUse(Prepared prepared) {
    ExperimentConfig experiment = configuration.experiment();
    double fraction = experiment.validation().fraction();
    DataSplit split = prepared.split();
    if (fraction > 0 && split.heldOut() == 0) {
      throw DdpmException.user(
          "validation.fraction = %s: must be 0, or at least %s to hold out one of the %d images.",
          fraction, 0.5 / split.training(), split.training());
    }
    experiment.diffusion().requireSignal();
  }

  /**
   * The model, with every setting it depends on as its provenance; what a setting leaves to the
   * data or the cluster is there as it has come out.
   */
  private ModelDescription describe(
      ExperimentConfig experiment, ImageTableReader reader, RoundPlan plan) {
    Map<String, String> provenance = new TreeMap<>();
    for (Setting setting : configuration.settings()) {
      provenance.put(setting.path(), setting.value());
    }
    provenance.put(RunSettings.TABLE, table);
    provenance.put(RunSettings.FINGERPRINT, reader.fingerprint());
    ClassLabels classes = TrainedClasses.of(experiment.model().classes(), reader, table);
    if (classes.exist() || experiment.training().balanceClasses()) {
      provenance.put(RunSettings.LABELS_FINGERPRINT, reader.labelsFingerprint());
    }
    from.ifPresent(model -> provenance.putAll(model.provenance()));
    provenance.put(RunSettings.IMAGES, Long.toString(reader.images()));
    provenance.put("model.height", Integer.toString(reader.height()));
    provenance.put("model.width", Integer.toString(reader.width()));
    provenance.put("model.image-channels", Integer.toString(reader.channels()));
    provenance.put(
        RunSettings.DECAY_STEPS, Long.toString(experiment.training().effectiveDecaySteps(plan)));
    provenance.put("training.workers", Integer.toString(plan.workers()));
    DiffusionConfig diffusion = experiment.diffusion();
    return new ModelDescription(
        experiment.model().architecture(reader.imageShape(), classes.rows()),
        classes,
        diffusion.scheduleSpec(),
        diffusion.prediction(),
        diffusion.preset(),
        diffusion.dataRange(),
        Map.of(),
        provenance);
  }

  private static Checkpoint start(TrainableNetwork driver, TrainingConfig training) {
    var state =
        new ModelState(
            new WireFloats(driver.parameters()),
            new WireFloats(driver.updaterState()),
            new WireFloats(training.outerOptimiser().initialVelocity(driver.parameters().length)),
            0);
    Optional<WireFloats> ema =
        training.emaDecay() > 0
            ? Optional.of(new WireFloats(driver.parameters()))
            : Optional.empty();
    return new Checkpoint(
        state,
        ema,
        training.initialProfiles(driver.parameters().length).map(WireFloats::new),
        new TrainingState(0, 0, 0, 0, training.seed()));
  }
}
