package dev.ddpm.bench.gpu;

import dev.ddpm.backend.AdamStep;
import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.Sinusoids;
import dev.ddpm.backend.Tensor;
import java.util.function.IntToDoubleFunction;
import java.util.function.ToDoubleFunction;

/** The kernels of the back end, one of each class, against formulas in float64. */
final class KernelCheck {
  private static final int ROWS = 300;
  private static final int COLUMNS = 49;
  private static final int COUNT = ROWS * COLUMNS;

  private final Engine engine;
  private final Kernels kernels;
  private final float[] a = new Values(1, COUNT).array();
  private final float[] b = new Values(2, COUNT).array();
  private final Tensor first;
  private final Tensor second;
  private final Tensor result;

  private KernelCheck(Engine engine) {
    this.engine = engine;
    this.kernels = engine.kernels();
    this.first = tensor(a, ROWS, COLUMNS);
    this.second = tensor(b, ROWS, COLUMNS);
    this.result = engine.allocate(ROWS, COLUMNS);
  }

  /** Errors are shares of the largest value. */
  static void run(CardUnderTest card, Attempts attempts) {
    attempt(card, attempts, "add", KernelCheck::add);
    attempt(card, attempts, "swish", KernelCheck::swish);
    attempt(card, attempts, "swish, backwards", KernelCheck::swishBackward);
    attempt(card, attempts, "softmax", KernelCheck::softmax);
    attempt(card, attempts, "softmax, backwards", KernelCheck::softmaxBackward);
    attempt(card, attempts, "sums over rows", KernelCheck::sumRows);
    attempt(card, attempts, "columns side by side", KernelCheck::concatenate);
    attempt(card, attempts, "timesteps encoded", KernelCheck::encode);
    attempt(card, attempts, "loss", KernelCheck::loss);
    attempt(card, attempts, "norm clipped", KernelCheck::clip);
    attempt(card, attempts, "Adam", KernelCheck::adam);
  }

  private static void attempt(
      CardUnderTest card, Attempts attempts, String what, ToDoubleFunction<KernelCheck> error) {
    attempts.relative(
        what,
        Precision.FLOAT32,
        () -> error.applyAsDouble(new KernelCheck(card.engine().apply(Precision.FLOAT32))));
  }

  private Tensor tensor(float[] values, long... shape) {
    Tensor tensor = engine.allocate(shape);
    tensor.upload(values, 0);
    return tensor;
  }

  private static double error(Tensor actual, IntToDoubleFunction formula) {
    float[] expected = new float[actual.length()];
    for (int i = 0; i < expected.length; i++) {
      expected[i] = (float) formula.applyAsDouble(i);
    }
    return Limits.relative(Values.of(actual), expected);
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  private double add() {
    kernels.add(second, first);
    return error(first, i -> (double) a[i] + b[i]);
  }

  private double swish() {
    kernels.swish(first, result);
    return error(result, i -> a[i] * sigmoid(a[i]));
  }

  private double swishBackward() {
    kernels.swishBackward(first, second, result);
    return error(result, i -> b[i] * sigmoid(a[i]) * (1 + a[i] * (1 - sigmoid(a[i]))));
  }

  private double ofRow(int i, IntToDoubleFunction value) {
    double sum = 0;
    for (int j = i / COLUMNS * COLUMNS; j < (i / COLUMNS + 1) * COLUMNS; j++) {
      sum += value.applyAsDouble(j);
    }
    return sum;
  }

  private double softmax() {
    kernels.softmax(first);
    return error(first, i -> Math.exp(a[i]) / ofRow(i, j -> Math.exp(a[j])));
  }

  private double softmaxBackward() {
    kernels.softmaxBackward(first, second);
    return error(second, i -> a[i] * (b[i] - ofRow(i, j -> (double) a[j] * b[j])));
  }

  private double sumRows() {
    Tensor sums = engine.allocate(COLUMNS);
    kernels.sumRows(first, sums);
    return error(
        sums,
        column -> {
          double sum = 0;
          for (int row = 0; row < ROWS; row++) {
            sum += a[row * COLUMNS + column];
          }
          return sum;
        });
  }

  private double concatenate() {
    Tensor both = engine.allocate(ROWS, 2 * COLUMNS);
    kernels.concatenate(first, second, both);
    return error(
        both,
        i -> {
          int column = i % (2 * COLUMNS);
          int row = i / (2 * COLUMNS);
          return column < COLUMNS ? a[row * COLUMNS + column] : b[row * COLUMNS + column - COLUMNS];
        });
  }

  private double encode() {
    Sinusoids encoding = new Sinusoids(32, 1, false, Precision.FLOAT32);
    float[] timesteps = {0, 1, 500, 999};
    Tensor encoded = engine.allocate(timesteps.length, 32);
    kernels.encode(encoding, tensor(timesteps, timesteps.length, 1), encoded);
    float[] frequencies = encoding.frequencies();
    return error(
        encoded,
        i -> {
          double argument = timesteps[i / 32] * frequencies[i % 16];
          return i % 32 < 16 ? Math.sin(argument) : Math.cos(argument);
        });
  }

  private double loss() {
    double mean = 0;
    for (int i = 0; i < COUNT; i++) {
      mean += ((double) a[i] - b[i]) * ((double) a[i] - b[i]) / COUNT;
    }
    double actual = kernels.meanSquaredError(first, second, result).getAsDouble();
    double ofGradient = error(result, i -> 2 * ((double) a[i] - b[i]) / COUNT);
    return Math.max(Math.abs(actual - mean) / mean, ofGradient);
  }

  private double clip() {
    double squares = 0;
    for (float value : a) {
      squares += (double) value * value;
    }
    double norm = Math.sqrt(squares);
    kernels.clip(first, 2);
    return error(first, i -> a[i] * 2 / norm);
  }

  private double adam() {
    AdamStep step = new AdamStep(1e-3, 1);
    kernels.adam(step, first, engine.allocate(ROWS, COLUMNS), engine.allocate(ROWS, COLUMNS));
    return error(first, i -> step.learningRate() * a[i] / (Math.abs(a[i]) + step.epsilon()));
  }
}
