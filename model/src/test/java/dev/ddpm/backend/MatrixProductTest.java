package dev.ddpm.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.backend.nd4j.Nd4jEngine;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Every product, of matrices and of stacks of them, against sums written out. */
class MatrixProductTest {

  private static final int ROWS = 5;
  private static final int INNER = 7;
  private static final int COLUMNS = 17;

  private record Form(String name, ProductShape shape) {
    @Override
    public String toString() {
      return name;
    }
  }

  private record Case(Form form, TestedBackend backend, int stack) {}

  static Stream<Case> products() {
    ProductShape plain = ProductShape.of(ROWS, INNER, COLUMNS);
    List<Form> forms =
        List.of(
            new Form("a·b", plain),
            new Form("a·b + c", plain.accumulating()),
            new Form("aᵀ·b/2", plain.transposeFirst().scale(0.5)),
            new Form("3a·bᵀ", plain.transposeSecond().scale(3)),
            new Form("a·bᵀ + c", plain.transposeSecond().accumulating()),
            new Form("2a·b", plain.scale(2)),
            new Form("dc·bᵀ", ProductShape.of(ROWS, COLUMNS, INNER).firstGradient()),
            new Form("aᵀ·dc", ProductShape.of(INNER, ROWS, COLUMNS).secondGradient()));
    return forms.stream()
        .flatMap(
            form ->
                TestedBackend.here()
                    .flatMap(
                        backend -> Stream.of(1, 3).map(stack -> new Case(form, backend, stack))));
  }

  @ParameterizedTest
  @MethodSource("products")
  void equalsTheSums(Case test) {
    ProductShape shape = test.form().shape();
    INDArray a = random(test.stack(), ROWS, INNER, shape.transposeA());
    INDArray b = random(test.stack(), INNER, COLUMNS, shape.transposeB());
    INDArray c = random(test.stack(), ROWS, COLUMNS, false);
    INDArray before = c.dup();
    Nd4jEngine engine = test.backend().engine();
    MatrixProduct product = engine.product(test.stack() == 1 ? shape : shape.stack(test.stack()));

    for (int run = 0; run < 2; run++) {
      c.assign(before);
      product.run(
          engine.tensor(matrices(a)), engine.tensor(matrices(b)), engine.tensor(matrices(c)));
      for (int s = 0; s < test.stack(); s++) {
        for (int i = 0; i < ROWS; i++) {
          for (int j = 0; j < COLUMNS; j++) {
            double sum = (shape.accumulate() ? 1 : 0) * before.getDouble(s, i, j);
            for (int k = 0; k < INNER; k++) {
              sum +=
                  shape.alpha()
                      * (shape.transposeA() ? a.getDouble(s, k, i) : a.getDouble(s, i, k))
                      * (shape.transposeB() ? b.getDouble(s, j, k) : b.getDouble(s, k, j));
            }
            assertThat(c.getDouble(s, i, j)).isCloseTo(sum, within(1e-5));
          }
        }
      }
    }
  }

  /** A stack of one as a plain matrix. */
  private static INDArray matrices(INDArray stack) {
    return stack.size(0) == 1
        ? stack.get(NDArrayIndex.point(0), NDArrayIndex.all(), NDArrayIndex.all())
        : stack;
  }

  private static INDArray random(int stack, int rows, int columns, boolean transposed) {
    long[] shape =
        transposed ? new long[] {stack, columns, rows} : new long[] {stack, rows, columns};
    return Nd4j.rand(DataType.FLOAT, shape).subi(0.5);
  }
}
