package dev.ddpm.network;

import dev.ddpm.backend.KernelChoice;
import dev.ddpm.backend.Tensor;
import dev.ddpm.diffusion.EpsilonModel;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;

/**
 * The noise predictor ε_θ as a trainable float32 U-Net. Buffers are kept per batch size, so steps
 * after the first of each size allocate nothing; one thread at a time.
 */
public final class EpsModel implements EpsilonModel {
  private final UNetSpec spec;
  private final ParameterLayout layout;
  private final ComputationGraph graph;
  private final Map<Integer, Batch> batches = new HashMap<>();
  private boolean constant;

  private EpsModel(UNetSpec spec, ComputationGraph graph) {
    this.spec = spec;
    this.layout = ParameterLayout.of(spec);
    this.graph = graph;
  }

  /**
   * A network with random weights, PyTorch's defaults.
   *
   * @param spec the architecture
   * @param seed of the weights
   * @param updater what turns gradients into updates; its state is made at the first update
   */
  public static EpsModel create(UNetSpec spec, long seed, IUpdater updater) {
    EpsModel model = new EpsModel(spec, UNetGraph.create(spec, updater, DataType.FLOAT));
    model.setParameters(WeightInitializer.draw(model.layout, seed));
    return model;
  }

  /**
   * A network with given weights, that is not trained further: what kernels make of the weights is
   * kept, and {@link #setParameters} is refused.
   *
   * @param spec the architecture
   * @param weights flat, as {@link #parameters} gives them
   * @throws IllegalArgumentException if there are more or fewer than the network has
   */
  public static EpsModel pretrained(UNetSpec spec, float[] weights) {
    EpsModel model = new EpsModel(spec, UNetGraph.create(spec, new NoOp(), DataType.FLOAT));
    model.setParameters(weights);
    model.constant = true;
    UNetGraph.context(model.graph).keepWeights();
    return model;
  }

  /** The same as {@link #create} with kernels of one's choice. */
  static EpsModel create(UNetSpec spec, long seed, IUpdater updater, KernelChoice kernels) {
    EpsModel model = create(spec, seed, updater);
    UNetGraph.context(model.graph).use(kernels);
    return model;
  }

  /** The input arrays of one batch size. */
  private final class Batch {
    final Tensor image;
    final Tensor timestep;
    final INDArray keys;
    final Tensor noise;
    final INDArray[] inputs;
    final INDArray[] labels;

    Batch(int size) {
      image = imageTensor(size);
      timestep = Tensor.zeros(DataType.FLOAT, size, 1);
      keys = Nd4j.create(DataType.INT64, size);
      noise = imageTensor(size);
      inputs = new INDArray[] {image.array(), timestep.array(), keys};
      labels = new INDArray[] {noise.array()};
    }

    private Tensor imageTensor(int size) {
      return Tensor.zeros(DataType.FLOAT, size, spec.height(), spec.width(), spec.imageChannels());
    }

    void set(float[] xt, int[] timesteps) {
      floats(image).put(xt, 0, image.length());
      FloatBuffer times = floats(timestep);
      for (int i = 0; i < timestep.length(); i++) {
        times.put(i, timesteps[i]);
      }
    }
  }

  private static FloatBuffer floats(Tensor tensor) {
    return tensor.bytes().asFloatBuffer();
  }

  private Batch batch(int size) {
    return batches.computeIfAbsent(size, Batch::new);
  }

  /** The architecture. */
  public UNetSpec spec() {
    return spec;
  }

  /** The DL4J network, whose flat parameter, gradient and updater vectors are this model's. */
  public ComputationGraph graph() {
    return graph;
  }

  /** Where each tensor lies in the flat vectors. */
  public ParameterLayout layout() {
    return layout;
  }

  /** {@inheritDoc} Without dropout, and without the buffers of a backward pass. */
  @Override
  public void predict(float[] xt, int[] timesteps, int batch, float[] epsilon) {
    Batch arrays = batch(batch);
    arrays.set(xt, timesteps);
    INDArray prediction = graph.output(false, false, arrays.inputs)[0];
    floats(Tensor.of(prediction)).get(epsilon, 0, arrays.image.length());
  }

  /**
   * One forward and backward pass in training. The gradient of the loss with respect to every
   * parameter is then in {@code graph().getFlattenedGradients()}, and {@link #update} may follow.
   *
   * @param xt noised images, (batch, height, width, channels)
   * @param timesteps one index per image
   * @param epsilon the noise that was mixed in, of the same layout as {@code xt}
   * @param imageKeys one key per image that decides which activations are dropped
   * @param batch number of images; the arrays may be longer
   * @return the mean of (ε − ε_θ)² over all elements
   */
  public double computeGradient(
      float[] xt, int[] timesteps, float[] epsilon, long[] imageKeys, int batch) {
    if (graph.getFlattenedGradients() == null) {
      graph.initGradientsView();
    }
    Batch arrays = batch(batch);
    arrays.set(xt, timesteps);
    floats(arrays.noise).put(epsilon, 0, arrays.noise.length());
    for (int i = 0; i < batch; i++) {
      arrays.keys.data().put(i, imageKeys[i]);
    }
    graph.setInputs(arrays.inputs);
    graph.setLabels(arrays.labels);
    graph.computeGradientAndScore();
    return graph.score();
  }

  /**
   * Lets the updater turn the gradient into an update, subtracts it from the parameters and counts
   * the iteration.
   */
  public void update(int batch) {
    var configuration = graph.getConfiguration();
    int iteration = configuration.getIterationCount();
    graph
        .getUpdater()
        .update(
            graph.gradient(),
            iteration,
            configuration.getEpochCount(),
            batch,
            LayerWorkspaceMgr.noWorkspaces());
    graph.params().subi(graph.getFlattenedGradients().reshape(layout.size()));
    configuration.setIterationCount(iteration + 1);
  }

  /** A copy of the flat parameter vector. */
  public float[] parameters() {
    float[] flat = new float[Math.toIntExact(layout.size())];
    floats(Tensor.of(graph.params())).get(flat);
    return flat;
  }

  /**
   * Copies values into the flat parameter vector.
   *
   * @throws IllegalArgumentException if there are more or fewer than the network has
   * @throws IllegalStateException if the network is {@link #pretrained}
   */
  public void setParameters(float[] flat) {
    if (constant) {
      throw new IllegalStateException("The weights of a pretrained network do not change.");
    }
    if (flat.length != layout.size()) {
      throw new IllegalArgumentException(
          "The network has " + layout.size() + " parameters, not " + flat.length);
    }
    floats(Tensor.of(graph.params())).put(flat);
  }
}
