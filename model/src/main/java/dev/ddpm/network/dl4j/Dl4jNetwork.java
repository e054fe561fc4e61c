package dev.ddpm.network.dl4j;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.Backends;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.nd4j.Nd4jBackend;
import dev.ddpm.backend.nd4j.Nd4jEngine;
import dev.ddpm.diffusion.Batch;
import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.network.Architecture;
import dev.ddpm.network.BatchTensors;
import dev.ddpm.network.GradientInParts;
import dev.ddpm.network.MemorySaving;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.network.TrainableNetwork;
import dev.ddpm.network.WeightInitializer;
import dev.ddpm.training.LearningRate;
import dev.ddpm.training.Optimiser;
import java.util.HashMap;
import java.util.Map;
import java.util.function.ObjIntConsumer;
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
  private final GradientInParts inParts;
  private Tensor gradient;
  private int lastBatch;

  private Dl4jNetwork(Architecture architecture, IUpdater updater, MemorySaving saving) {
    this.architecture = architecture;
    this.saving = saving;
    this.inParts = new GradientInParts(saving);
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

  /** The tensors of one batch size, and the arrays under them as DL4J takes them. */
  private final class Arrays {
    final BatchTensors tensors;
    final INDArray[] inputs;
    final INDArray[] labels;
    final INDArray[] factors;

    Arrays(int size) {
      tensors = new BatchTensors(architecture, engine(), size);
      inputs =
          architecture.plan().inputs().stream()
              .map(tensors::input)
              .map(Nd4jEngine::array)
              .toArray(INDArray[]::new);
      labels = new INDArray[] {Nd4jEngine.array(tensors.target())};
      factors = new INDArray[] {Nd4jEngine.array(tensors.factors())};
    }
  }

  private Arrays arrays(int images) {
    return arrays.computeIfAbsent(images, Arrays::new);
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
    Arrays bound = arrays(in.size());
    bound.tensors.set(in, 0);
    INDArray prediction = graph.output(false, false, bound.inputs)[0];
    engine().tensor(prediction).download(out, 0);
  }

  /** {@inheritDoc} The gradient is then in {@code graph().getFlattenedGradients()}. */
  @Override
  public double computeGradient(
      int images, float[] weights, long[] imageKeys, ObjIntConsumer<BatchTensors> content) {
    if (graph.getFlattenedGradients() == null) {
      graph.initGradientsView();
    }
    if (gradient == null) {
      gradient = engine().tensor(graph.getFlattenedGradients().reshape(layout.size()));
    }
    lastBatch = images;
    return inParts.compute(
        engine(),
        gradient,
        images,
        (from, count) -> {
          Arrays bound = arrays(count);
          content.accept(bound.tensors, from);
          bound.tensors.setKeys(imageKeys, from);
          graph.setInputs(bound.inputs);
          graph.setLabels(bound.labels);
          graph.setLayerMaskArrays(null, factors(bound, weights, from, images));
          graph.computeGradientAndScore();
          return graph.score();
        });
  }

  /** As DL4J has factors of examples: a mask of the labels; null for none. */
  private static INDArray[] factors(Arrays bound, float[] weights, int from, int batchSize) {
    int images = bound.tensors.factors().length();
    if (weights == null && images == batchSize) {
      return null;
    }
    bound.tensors.setFactors(weights, from, (float) images / batchSize);
    return bound.factors;
  }

  @Override
  public void update(double clipNorm) {
    if (clipNorm > 0) {
      engine().kernels().clip(gradient, clipNorm);
    }
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
