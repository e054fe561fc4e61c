package dev.ddpm.backend.cuda;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.ConvolutionOp;
import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.MatrixProduct;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.ProductShape;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.Weight;

/**
 * A product and a convolution whose results are known: factors and results are whole numbers that
 * every precision has, bfloat16 included, in which some libraries write the results of
 * convolutions. A sound card differs by no more than the fractions of a convolution that transforms
 * its tiles: the nearest whole number is the one that is asked for.
 */
final class CardCheck {
  private static final int SIZE = 64;
  private static final ConvolutionShape SHAPE = new ConvolutionShape(2, 8, 8, 32, 32, 1);
  private static final int WINDOW = ConvolutionShape.KERNEL;

  /**
   * Factors are -1, 0 and 1: sums of as many as there are here stay below 256, up to which bfloat16
   * has all whole numbers.
   */
  private static final int FACTORS = 3;

  /** After so many they come again: a prime number, so that no row is like another. */
  private static final int PERIOD = 1009;

  private CardCheck() {}

  /**
   * Computes both.
   *
   * @param number of the card, for the message
   * @param device the card
   * @throws DdpmException (environment) if a result is wrong
   */
  static void run(int number, Device device, Precision precision) {
    CudaEngine engine = new CudaEngine(device, precision);
    compare(number, device, "product", product(engine), expectedProduct());
    compare(number, device, "convolution", convolution(engine), expectedConvolution());
  }

  private static float[] factors(int count, int seed) {
    float[] factors = new float[count];
    for (int i = 0; i < count; i++) {
      long place = i % PERIOD;
      // cubes, of which neighbours have nothing in common
      factors[i] = (place * place * place + 17L * seed) % PERIOD % FACTORS - FACTORS / 2;
    }
    return factors;
  }

  private static float[] productFirst() {
    return factors(SIZE * SIZE, 1);
  }

  private static float[] productSecond() {
    return factors(SIZE * SIZE, 2);
  }

  private static float[] images() {
    return factors(SHAPE.batch() * SHAPE.height() * SHAPE.width() * SHAPE.in(), 3);
  }

  private static float[] weights() {
    return factors(WINDOW * WINDOW * SHAPE.in() * SHAPE.out(), 4);
  }

  private static Tensor tensor(CudaEngine engine, float[] values, long... shape) {
    Tensor tensor = engine.allocate(shape);
    tensor.upload(values, 0);
    return tensor;
  }

  private static float[] values(Tensor tensor) {
    float[] values = new float[tensor.length()];
    tensor.download(values, 0);
    return values;
  }

  private static float[] product(CudaEngine engine) {
    MatrixProduct product = engine.product(ProductShape.of(SIZE, SIZE, SIZE));
    Tensor result = engine.allocate(SIZE, SIZE);
    product.run(
        tensor(engine, productFirst(), SIZE, SIZE),
        tensor(engine, productSecond(), SIZE, SIZE),
        result);
    return values(result);
  }

  private static float[] expectedProduct() {
    float[] first = productFirst();
    float[] second = productSecond();
    float[] expected = new float[SIZE * SIZE];
    for (int i = 0; i < expected.length; i++) {
      for (int k = 0; k < SIZE; k++) {
        expected[i] += first[i / SIZE * SIZE + k] * second[k * SIZE + i % SIZE];
      }
    }
    return expected;
  }

  private static float[] convolution(CudaEngine engine) {
    Tensor weights = tensor(engine, weights(), WINDOW, WINDOW, SHAPE.in(), SHAPE.out());
    ConvolutionOp convolution = engine.convolution(SHAPE, new Weight(weights, null));
    Tensor result = engine.allocate(SHAPE.output());
    convolution.forward(tensor(engine, images(), SHAPE.input()), null, result);
    return values(result);
  }

  private static float[] expectedConvolution() {
    float[] images = images();
    float[] weights = weights();
    float[] expected =
        new float[SHAPE.batch() * SHAPE.outHeight() * SHAPE.outWidth() * SHAPE.out()];
    for (int pixel = 0; pixel < expected.length / SHAPE.out(); pixel++) {
      int x = pixel % SHAPE.width();
      int y = pixel / SHAPE.width() % SHAPE.height();
      for (int tap = 0; tap < WINDOW * WINDOW; tap++) {
        int fromX = x + tap % WINDOW - 1;
        int fromY = y + tap / WINDOW - 1;
        if (fromX < 0 || fromX >= SHAPE.width() || fromY < 0 || fromY >= SHAPE.height()) {
          continue;
        }
        int from = (pixel + (fromY - y) * SHAPE.width() + fromX - x) * SHAPE.in();
        for (int in = 0; in < SHAPE.in(); in++) {
          for (int out = 0; out < SHAPE.out(); out++) {
            expected[pixel * SHAPE.out() + out] +=
                images[from + in] * weights[(tap * SHAPE.in() + in) * SHAPE.out() + out];
          }
        }
      }
    }
    return expected;
  }

  private static void compare(
      int number, Device device, String what, float[] actual, float[] expected) {
    for (int i = 0; i < expected.length; i++) {
      if (Math.rint(actual[i]) != expected[i]) {
        throw DdpmException.environment(
            "GPU %d (%s) computes a %s wrongly (%s in place of %s): see what nvidia-smi -q says of"
                + " errors of its memory, and whether driver, CUDA 13 and cuDNN 9 go together; or"
                + " set backend.device = cpu.",
            number, device.name(), what, actual[i], expected[i]);
      }
    }
  }
}
