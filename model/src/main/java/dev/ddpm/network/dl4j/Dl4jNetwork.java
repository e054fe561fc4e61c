package dev.ddpm.network.dl4j;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.Backends;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.nd4j.Nd4jBackend;
import dev.ddpm.backend.nd4j.Nd4jEngine;
import dev.ddpm.diffusion.Batch;
import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.image.ImageShape;
import dev.ddpm.network.Architecture;
import dev.ddpm.network.MemorySaving;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.network.TrainableNetwork;
import dev.ddpm.network.WeightInitializer;
import dev.ddpm.training.LearningRate;
import dev.ddpm.training.Optimiser;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.Sgd;

/**
 * A network whose blocks are vertices of a DL4J computation graph. Buffers are kept per batch size,
 * so steps after the first of each size allocate nothing; one thread at a time.
 */
public final class Dl4jNetwork implements TrainableNetwork {
  private final Architecture architecture;
  private final ParameterLayout layout;
  private final ComputationGraph graph;
  private final MemorySaving saving;
  private final Map<Integer, Arrays> arrays = new HashMap<>();
  private Tensor gradient;
  private Tensor gradientOfParts;
  private int lastBatch;

  private Dl4jNetwork(Architecture architecture, IUpdater updater, MemorySaving saving) {
    this.architecture = architecture;
    this.saving = saving;
    this.layout = ParameterLayout.of(architecture);
    this.graph = BlockGraph.create(architecture.plan(), updater, DataType.FLOAT);
    prepare(engine());
  }

  /**
   * A network with random weights, PyTorch's defaults.
   *
   * @param architecture what it looks like
   * @param seed of the weights
   * @param optimiser what turns gradients into updates; its state is made at the first update
   * @param learningRate of the optimiser
   */
  public static Dl4jNetwork create(
      Architecture architecture, long seed, Optimiser optimiser, LearningRate learningRate) {
    return create(architecture, seed, optimiser, learningRate, MemorySaving.NONE);
  }

  /**
   * The same in less memory.
   *
   * @param saving how the memory of a step is saved
   */
  public static Dl4jNetwork create(
      Architecture architecture,
      long seed,
      Optimiser optimiser,
      LearningRate learningRate,
      MemorySaving saving) {
    ScheduledRate rate = ScheduledRate.of(learningRate);
    return create(
        architecture,
        seed,
        switch (optimiser) {
          case ADAM -> TorchAdam.scheduled(rate);
          case SGD -> new Sgd(rate);
        },
        saving);
  }

  /** The same with any rule of DL4J's. */
  static Dl4jNetwork create(Architecture architecture, long seed, IUpdater updater) {
    return create(architecture, seed, updater, MemorySaving.NONE);
  }

  /** The same in less memory. */
  static Dl4jNetwork create(
      Architecture architecture, long seed, IUpdater updater, MemorySaving saving) {
    Dl4jNetwork network = new Dl4jNetwork(architecture, updater, saving);
    network.setParameters(WeightInitializer.draw(network.layout, seed));
    return network;
  }

  /**
   * A network with given weights, that is not trained further: what kernels make of the weights is
   * kept.
   *
   * @param architecture what it looks like
   * @param weights flat, as {@link #parameters} gives them
   * @param precision what it computes in
   * @throws IllegalArgumentException if there are more or fewer weights than the network has
   * @throws DdpmException (environment) if nothing on this machine computes in the precision
   */
  public static Denoiser pretrained(
      Architecture architecture, float[] weights, Precision precision) {
    Nd4jBackend backend = Backends.best(Nd4jBackend.class, precision);
    Dl4jNetwork network = new Dl4jNetwork(architecture, new NoOp(), MemorySaving.NONE);
    network.use(backend.create(precision));
    network.setParameters(weights);
    network.engine().keepWeights();
    return network;
  }

  /** Changes what the blocks compute with, before the first pass. */
  void use(Nd4jBackend backend) {
    use(backend.create(Precision.FLOAT32));
  }

  private void use(Nd4jEngine engine) {
    prepare(engine);
    BlockGraph.use(engine, graph);
  }

  private void prepare(Nd4jEngine engine) {
    if (saving.recomputes()) {
      engine.recompute();
    }
  }

  private Nd4jEngine engine() {
    return BlockGraph.engine(graph);
  }

  /** The input arrays of one batch size. */
  private final class Arrays {
    final Tensor image;
    final Tensor timestep;
    final Tensor keys;
    final Tensor target;
    final Tensor weights;
    final float[] times;
    final long[] imageKeys;
    final float[] factors;
    final Tensor classes;
    final float[] classNumbers;
    final INDArray[] inputs;
    final INDArray[] labels;

    Arrays(int size) {
      image = imageTensor(size);
      timestep = engine().allocate(size, 1);
      times = new float[size];
      imageKeys = new long[size];
      factors = new float[size];
      keys = engine().keys(size);
      target = imageTensor(size);
      weights = engine().allocate(size, 1);
      classes = architecture.classes() == 0 ? null : engine().allocate(size, 1);
      classNumbers = new float[size];
      inputs =
          Stream.of(image, timestep, keys, classes)
              .filter(Objects::nonNull)
              .map(Nd4jEngine::array)
              .toArray(INDArray[]::new);
      labels = new INDArray[] {Nd4jEngine.array(target)};
    }

    private Tensor imageTensor(int size) {
      ImageShape shape = architecture.imageShape();
      return engine().allocate(size, shape.height(), shape.width(), shape.channels());
    }

    /**
     * As DL4J has factors of examples: a mask of the labels; null for none.
     *
     * @param values one factor per image of the batch; null for 1
     * @param share of the images in the whole batch
     */
    INDArray[] weights(float[] values, int from, float share) {
      if (values == null && share == 1) {
        return null;
      }
      for (int i = 0; i < factors.length; i++) {
        factors[i] = values == null ? share : share * values[from + i];
      }
      weights.upload(factors, 0);
      return new INDArray[] {Nd4jEngine.array(weights)};
    }

    /** Takes the images of a batch from one on, as many as there is room for. */
    void set(Batch batch, int from) {
      image.upload(batch.xt(), from * architecture.imageShape().size());
      System.arraycopy(batch.timesteps(), from, times, 0, times.length);
      timestep.upload(times, 0);
      if (classes != null) {
        for (int i = 0; i < classNumbers.length; i++) {
          classNumbers[i] = known(batch.classes()[from + i]);
        }
        classes.upload(classNumbers, 0);
      }
    }

    /** Takes what a backward pass needs of the same images. */
    void setTarget(float[] values, long[] allKeys, int from) {
      target.upload(values, from * architecture.imageShape().size());
      System.arraycopy(allKeys, from, imageKeys, 0, imageKeys.length);
      keys.upload(imageKeys);
    }

    private int known(int number) {
      if (number < 0 || number >= architecture.classes()) {
        throw new IllegalArgumentException(
            "class %d of a network with %d".formatted(number, architecture.classes()));
      }
      return number;
    }
  }

  private Arrays arrays(Batch batch, int from, int images) {
    if ((batch.classes() != null) != (architecture.classes() > 0)) {
      throw new IllegalArgumentException(
          architecture.classes() > 0
              ? "This network needs a class per image."
              : "This network knows no classes.");
    }
    Arrays known = arrays.computeIfAbsent(images, Arrays::new);
    known.set(batch, from);
    return known;
  }

  @Override
  public Architecture architecture() {
    return architecture;
  }

  /** DL4J's network, whose flat parameter, gradient and updater vectors are this one's. */
  public ComputationGraph graph() {
    return graph;
  }

  /**
   * DL4J's network behind one, for what DL4J wants to be handed.
   *
   * @throws IllegalArgumentException if it is not one of these
   */
  public static ComputationGraph graphOf(TrainableNetwork network) {
    if (network instanceof Dl4jNetwork known) {
      return known.graph;
    }
    throw new IllegalArgumentException(network.getClass() + " is not a network of DL4J's");
  }

  /** {@inheritDoc} Without dropout, and without the buffers of a backward pass. */
  @Override
  public void predict(Batch in, float[] out) {
    Arrays bound = arrays(in, 0, in.size());
    INDArray prediction = graph.output(false, false, bound.inputs)[0];
    engine().tensor(prediction).download(out, 0);
  }

  /** {@inheritDoc} The gradient is then in {@code graph().getFlattenedGradients()}. */
  @Override
  public double computeGradient(Batch batch, float[] target, float[] weights, long[] imageKeys) {
    if (graph.getFlattenedGradients() == null) {
      graph.initGradientsView();
    }
    lastBatch = batch.size();
    int part = Math.min(saving.imagesAtOnce(), batch.size());
    double sum = 0;
    for (int from = 0; from < batch.size(); from += part) {
      int images = Math.min(part, batch.size() - from);
      if (from > 0) {
        keepGradient(from == part);
      }
      Arrays bound = arrays(batch, from, images);
      bound.setTarget(target, imageKeys, from);
      graph.setInputs(bound.inputs);
      graph.setLabels(bound.labels);
      graph.setLayerMaskArrays(null, bound.weights(weights, from, (float) images / batch.size()));
      graph.computeGradientAndScore();
      sum += graph.score() * images;
    }
    if (part == batch.size()) {
      return graph.score();
    }
    engine().kernels().add(gradientOfParts, gradient);
    return sum / batch.size();
  }

  /** Adds the gradient of a part to that of those before it. */
  private void keepGradient(boolean first) {
    if (gradientOfParts == null) {
      gradient = engine().tensor(graph.getFlattenedGradients().reshape(layout.size()));
      gradientOfParts = engine().allocate(layout.size());
    }
    if (first) {
      engine().kernels().copy(gradient, gradientOfParts);
    } else {
      engine().kernels().add(gradient, gradientOfParts);
    }
  }

  @Override
  public void update(double clipNorm) {
    clip(clipNorm);
    var configuration = graph.getConfiguration();
    int iteration = configuration.getIterationCount();
    graph
        .getUpdater()
        .update(
            graph.gradient(),
            iteration,
            configuration.getEpochCount(),
            lastBatch,
            LayerWorkspaceMgr.noWorkspaces());
    graph.params().subi(graph.getFlattenedGradients().reshape(layout.size()));
    configuration.setIterationCount(iteration + 1);
  }

  private void clip(double clipNorm) {
    if (clipNorm > 0) {
      INDArray gradient = graph.getFlattenedGradients();
      double norm = gradient.norm2Number().doubleValue();
      if (norm > clipNorm) {
        gradient.muli(clipNorm / norm);
      }
    }
  }

  @Override
  public long steps() {
    return graph.getConfiguration().getIterationCount();
  }

  @Override
  public float[] parameters() {
    return read(graph.params());
  }

  @Override
  public float[] updaterState() {
    INDArray state = graph.getUpdater().getStateViewArray();
    return state == null ? new float[0] : read(state);
  }

  private float[] read(INDArray array) {
    float[] values = new float[Math.toIntExact(array.length())];
    engine().tensor(array).download(values, 0);
    return values;
  }

  @Override
  public void load(float[] parameters, float[] updaterState, long steps) {
    setParameters(parameters);
    if (updaterState.length > 0) {
      write(updaterState, graph.getUpdater().getStateViewArray());
    }
    graph.getConfiguration().setIterationCount(Math.toIntExact(steps));
  }

  @Override
  public void setParameters(float[] flat) {
    if (flat.length != layout.size()) {
      throw new IllegalArgumentException(
          "The network has " + layout.size() + " parameters, not " + flat.length);
    }
    write(flat, graph.params());
  }

  private void write(float[] values, INDArray array) {
    if (values.length != array.length()) {
      throw new IllegalArgumentException(
          "%d values for an array of length %d".formatted(values.length, array.length()));
    }
    engine().tensor(array).upload(values, 0);
  }
}
