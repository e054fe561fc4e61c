package dev.ddpm.network.walk;

import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.Tensor;
import dev.ddpm.diffusion.Batch;
import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.network.Architecture;
import dev.ddpm.network.BatchTensors;
import dev.ddpm.network.GradientInParts;
import dev.ddpm.network.MemorySaving;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.network.TrainableNetwork;
import dev.ddpm.network.WeightInitializer;
import dev.ddpm.random.Stream;
import dev.ddpm.training.LearningRate;
import dev.ddpm.training.Optimiser;
import java.util.HashMap;
import java.util.Map;
import java.util.function.DoubleSupplier;
import java.util.function.ObjIntConsumer;

/**
 * A network that is a {@link Walk} through the blocks of its plan. Everything that a step computes
 * stays with the engine; the images go there before it, and the loss comes back after it. Tensors
 * are kept per batch size, so steps after the first of each size allocate none; one thread at a
 * time.
 */
public final class WalkedNetwork implements TrainableNetwork {
  private final Architecture architecture;
  private final Engine engine;
  private final GradientInParts inParts;
  private final Tensor parameters;
  private final Tensor gradient;
  private final UpdateRule rule;
  private final Walk walk;
  private final Map<Integer, Pass> passes = new HashMap<>();
  private int steps;

  /**
   * Parameters of zeros.
   *
   * @param gradient null, as is the rule, for a network that is not trained
   */
  private WalkedNetwork(
      Architecture architecture,
      Engine engine,
      MemorySaving saving,
      Tensor parameters,
      Tensor gradient,
      UpdateRule rule) {
    this.architecture = architecture;
    this.engine = engine;
    this.inParts = new GradientInParts(saving);
    this.parameters = parameters;
    this.gradient = gradient;
    this.rule = rule;
    if (saving.recomputes()) {
      engine.recompute();
    }
    this.walk = new Walk(architecture.plan(), engine, parameters, gradient);
  }

  /**
   * A network with random weights, PyTorch's defaults.
   *
   * @param architecture what it looks like
   * @param seed of the weights
   * @param optimiser what turns gradients into updates
   * @param learningRate of the optimiser
   * @param saving how the memory of a step is saved
   * @param engine what computes this network and no other, and is closed with it
   */
  public static WalkedNetwork create(
      Architecture architecture,
      long seed,
      Optimiser optimiser,
      LearningRate learningRate,
      MemorySaving saving,
      Engine engine) {
    ParameterLayout layout = ParameterLayout.of(architecture);
    WalkedNetwork network =
        new WalkedNetwork(
            architecture,
            engine,
            saving,
            engine.allocate(layout.size()),
            engine.allocate(layout.size()),
            UpdateRule.of(optimiser, learningRate, engine, layout.size()));
    network.setParameters(WeightInitializer.draw(layout, seed));
    return network;
  }

  /**
   * A network with given weights, that is not trained further: what the engine makes of the weights
   * is kept.
   *
   * @param architecture what it looks like
   * @param weights flat, as {@link #parameters} gives them
   * @param engine what computes this network and no other, and is closed with it
   * @throws IllegalArgumentException if there are more or fewer weights than the network has
   */
  public static Denoiser pretrained(Architecture architecture, float[] weights, Engine engine) {
    long size = ParameterLayout.of(architecture).size();
    WalkedNetwork network =
        new WalkedNetwork(
            architecture, engine, MemorySaving.NONE, engine.allocate(size), null, null);
    network.setParameters(weights);
    engine.keepWeights();
    return network;
  }

  /** What there is for batches of one size. */
  private final class Pass {
    final BatchTensors tensors;
    final Repeated prediction = new Repeated(engine, this::predict);
    final Repeated learning = new Repeated(engine, this::learn);
    private Tensor predicted;
    private Tensor predictionGradient;
    private DoubleSupplier loss;

    Pass(int size) {
      tensors = new BatchTensors(architecture, engine, size);
    }

    private void predict() {
      predicted = walk.forward(tensors, false);
    }

    /** The factor of an image does not count in the loss, but in all that follows from it. */
    private void learn() {
      Tensor output = walk.forward(tensors, true);
      if (predictionGradient == null) {
        predictionGradient = engine.allocate(output.shape());
      }
      Kernels kernels = engine.kernels();
      loss = kernels.meanSquaredError(output, tensors.target(), predictionGradient);
      int images = output.size(0);
      kernels.scaleRows(
          tensors.factors(), predictionGradient.reshape(images, output.length() / images));
      walk.backward(predictionGradient);
    }
  }

  private Pass pass(int images) {
    return passes.computeIfAbsent(images, Pass::new);
  }

  @Override
  public Architecture architecture() {
    return architecture;
  }

  /** {@inheritDoc} Without dropout, and without the buffers of a backward pass. */
  @Override
  public void predict(Batch in, float[] out) {
    Pass pass = pass(in.size());
    pass.tensors.set(in, 0);
    pass.prediction.run();
    pass.predicted.download(out, 0);
  }

  /** {@inheritDoc} Where there is a card it is drawn there, and comes back. */
  @Override
  public void drawNoise(
      long seed, long firstIndex, int step, int images, int imageSize, float[] out) {
    Tensor noise = engine.scratch("noise of a sampler", images, imageSize);
    engine.kernels().gaussian(seed, Stream.SAMPLE_NOISE, firstIndex, step, noise);
    noise.download(out, 0);
  }

  @Override
  public double computeGradient(
      int images, float[] weights, long[] imageKeys, ObjIntConsumer<BatchTensors> content) {
    return inParts.compute(
        engine,
        gradient,
        images,
        (from, count) -> {
          Pass pass = pass(count);
          content.accept(pass.tensors, from);
          pass.tensors.setKeys(imageKeys, from);
          pass.tensors.setFactors(weights, from, (float) count / images);
          pass.learning.run();
          return pass.loss.getAsDouble();
        });
  }

  @Override
  public void update(double clipNorm) {
    if (clipNorm > 0) {
      engine.kernels().clip(gradient, clipNorm);
    }
    rule.apply(steps, gradient);
    engine.kernels().subtract(gradient, parameters);
    steps++;
  }

  /** A copy of the gradient that was computed last. */
  float[] gradient() {
    return read(gradient);
  }

  @Override
  public long steps() {
    return steps;
  }

  @Override
  public float[] parameters() {
    return read(parameters);
  }

  @Override
  public float[] updaterState() {
    return rule.state().map(WalkedNetwork::read).orElse(new float[0]);
  }

  private static float[] read(Tensor tensor) {
    float[] values = new float[tensor.length()];
    tensor.download(values, 0);
    return values;
  }

  @Override
  public void load(float[] newParameters, float[] updaterState, long stepsMade) {
    setParameters(newParameters);
    if (updaterState.length > 0) {
      Tensor state =
          rule.state()
              .orElseThrow(() -> new IllegalArgumentException("This optimiser has no state."));
      write(updaterState, state);
    }
    steps = Math.toIntExact(stepsMade);
  }

  @Override
  public void setParameters(float[] flat) {
    if (flat.length != parameters.length()) {
      throw new IllegalArgumentException(
          "The network has " + parameters.length() + " parameters, not " + flat.length);
    }
    write(flat, parameters);
  }

  private static void write(float[] values, Tensor tensor) {
    if (values.length != tensor.length()) {
      throw new IllegalArgumentException(
          "%d values for a tensor of length %d".formatted(values.length, tensor.length()));
    }
    tensor.upload(values, 0);
  }

  /** {@inheritDoc} The engine with it. */
  @Override
  public void close() {
    engine.close();
  }
}
