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
  private final Map<Integer, Arrays> arrays = new HashMap<>();
  private int lastBatch;

  private Dl4jNetwork(Architecture architecture, IUpdater updater) {
    this.architecture = architecture;
    this.layout = ParameterLayout.of(architecture);
    this.graph = BlockGraph.create(architecture.plan(), updater, DataType.FLOAT);
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
    ScheduledRate rate = ScheduledRate.of(learningRate);
    return create(
        architecture,
        seed,
        switch (optimiser) {
          case ADAM -> TorchAdam.scheduled(rate);
          case SGD -> new Sgd(rate);
        });
  }

  /** The same with any rule of DL4J's. */
  static Dl4jNetwork create(Architecture architecture, long seed, IUpdater updater) {
    Dl4jNetwork network = new Dl4jNetwork(architecture, updater);
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
    Dl4jNetwork network = new Dl4jNetwork(architecture, new NoOp());
    BlockGraph.use(backend.create(precision), network.graph);
    network.setParameters(weights);
    network.engine().keepWeights();
    return network;
  }

  /** Changes what the blocks compute with, before the first pass. */
  void use(Nd4jBackend backend) {
    BlockGraph.use(backend.create(Precision.FLOAT32), graph);
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
    final Tensor classes;
    final float[] classNumbers;
    final INDArray[] inputs;
    final INDArray[] labels;

    Arrays(int size) {
      image = imageTensor(size);
      timestep = engine().allocate(size, 1);
      times = new float[size];
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

    /** As DL4J has factors of examples: a mask of the labels; null for none. */
    INDArray[] weights(float[] values) {
      if (values == null) {
        return null;
      }
      weights.upload(values, 0);
      return new INDArray[] {Nd4jEngine.array(weights)};
    }

    void set(Batch batch) {
      image.upload(batch.xt(), 0);
      for (int i = 0; i < times.length; i++) {
        times[i] = batch.timesteps()[i];
      }
      timestep.upload(times, 0);
      if (classes != null) {
        for (int i = 0; i < classNumbers.length; i++) {
          classNumbers[i] = known(batch.classes()[i]);
        }
        classes.upload(classNumbers, 0);
      }
    }

    private int known(int number) {
      if (number < 0 || number >= architecture.classes()) {
        throw new IllegalArgumentException(
            "class %d of a network with %d".formatted(number, architecture.classes()));
      }
      return number;
    }
  }

  private Arrays arrays(Batch batch) {
    if ((batch.classes() != null) != (architecture.classes() > 0)) {
      throw new IllegalArgumentException(
          architecture.classes() > 0
              ? "This network needs a class per image."
              : "This network knows no classes.");
    }
    Arrays known = arrays.computeIfAbsent(batch.size(), Arrays::new);
    known.set(batch);
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
    Arrays bound = arrays(in);
    INDArray prediction = graph.output(false, false, bound.inputs)[0];
    engine().tensor(prediction).download(out, 0);
  }

  /** {@inheritDoc} The gradient is then in {@code graph().getFlattenedGradients()}. */
  @Override
  public double computeGradient(Batch batch, float[] target, float[] weights, long[] imageKeys) {
    if (graph.getFlattenedGradients() == null) {
      graph.initGradientsView();
    }
    Arrays bound = arrays(batch);
    bound.target.upload(target, 0);
    bound.keys.upload(imageKeys);
    graph.setInputs(bound.inputs);
    graph.setLabels(bound.labels);
    graph.setLayerMaskArrays(null, bound.weights(weights));
    graph.computeGradientAndScore();
    lastBatch = batch.size();
    return graph.score();
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
