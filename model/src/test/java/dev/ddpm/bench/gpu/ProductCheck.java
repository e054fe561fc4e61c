package dev.ddpm.bench.gpu;

import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.ProductShape;
import dev.ddpm.backend.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;

/** Products of matrices against plain loops in float64. */
final class ProductCheck {
  private static final Map<String, ProductShape> SHAPES = shapes();

  private ProductCheck() {}

  private static Map<String, ProductShape> shapes() {
    ProductShape plain = ProductShape.of(70, 48, 33);
    Map<String, ProductShape> shapes = new LinkedHashMap<>();
    shapes.put("product", plain);
    shapes.put("product, accumulating", plain.accumulating().scale(0.5));
    shapes.put("product, first transposed", plain.transposeFirst());
    shapes.put("product, second transposed", plain.transposeSecond());
    shapes.put("products of a stack", plain.stack(3));
    return shapes;
  }

  /** Errors are shares of the largest value. */
  static void run(CardUnderTest card, Attempts attempts) {
    for (Precision precision : Limits.PRECISIONS) {
      SHAPES.forEach(
          (name, shape) ->
              attempts.relative(
                  name, precision, () -> error(card.engine().apply(precision), shape)));
    }
  }

  private static double error(Engine engine, ProductShape shape) {
    int stack = Math.max(1, shape.stack());
    Values a = new Values(1, stack * shape.rows() * shape.inner());
    Values b = new Values(2, stack * shape.inner() * shape.columns());
    Values c = new Values(3, stack * shape.rows() * shape.columns());
    Tensor result = c.on(engine, dimensions(shape, shape.rows(), shape.columns()));
    engine.product(shape).run(a.on(engine, first(shape)), b.on(engine, second(shape)), result);
    return Limits.relative(Values.of(result), expected(shape, a.array(), b.array(), c.array()));
  }

  private static long[] first(ProductShape shape) {
    return shape.transposeA()
        ? dimensions(shape, shape.inner(), shape.rows())
        : dimensions(shape, shape.rows(), shape.inner());
  }

  private static long[] second(ProductShape shape) {
    return shape.transposeB()
        ? dimensions(shape, shape.columns(), shape.inner())
        : dimensions(shape, shape.inner(), shape.columns());
  }

  private static long[] dimensions(ProductShape shape, long rows, long columns) {
    return shape.stack() == 0
        ? new long[] {rows, columns}
        : new long[] {shape.stack(), rows, columns};
  }

  private static float[] expected(ProductShape shape, float[] a, float[] b, float[] c) {
    int rows = shape.rows();
    int inner = shape.inner();
    int columns = shape.columns();
    float[] expected = new float[c.length];
    for (int i = 0; i < expected.length; i++) {
      int matrix = i / (rows * columns);
      int row = i / columns % rows;
      int column = i % columns;
      double sum = 0;
      for (int k = 0; k < inner; k++) {
        int ofA = shape.transposeA() ? k * rows + row : row * inner + k;
        int ofB = shape.transposeB() ? column * inner + k : k * columns + column;
        sum += (double) a[matrix * rows * inner + ofA] * b[matrix * inner * columns + ofB];
      }
      expected[i] = (float) (shape.alpha() * sum + (shape.accumulate() ? c[i] : 0));
    }
    return expected;
  }
}
