package dev.ddpm.network.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.backend.KernelChoice;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Every product, of matrices and of stacks of them, against sums written out. */
class MatrixProductTest {

  private record Form(
      String name,
      boolean transposeA,
      boolean transposeB,
      double alpha,
      double beta,
      Function<BlockContext, MatrixProduct> create) {
    @Override
    public String toString() {
      return name;
    }
  }

  private record Case(Form form, KernelChoice kernels, int stack) {}

  static Stream<Case> products() {
    List<Form> forms =
        List.of(
            new Form("a·b", false, false, 1, 0, MatrixProduct::plain),
            new Form("a·b + c", false, false, 1, 1, MatrixProduct::accumulating),
            new Form("aᵀ·b/2", true, false, 0.5, 0, c -> MatrixProduct.firstTransposed(c, 0.5)),
            new Form("3a·bᵀ", false, true, 3, 0, c -> MatrixProduct.secondTransposed(c, 3)),
            new Form("a·bᵀ + c", false, true, 1, 1, MatrixProduct::secondTransposedAccumulating),
            new Form("2a·b", false, false, 2, 0, c -> MatrixProduct.scaled(c, 2)));
    return forms.stream()
        .flatMap(
            form ->
                Stream.of(KernelChoice.PORTABLE, KernelChoice.best(DataType.FLOAT))
                    .distinct()
                    .flatMap(
                        kernels -> Stream.of(1, 3).map(stack -> new Case(form, kernels, stack))));
  }

  @ParameterizedTest
  @MethodSource("products")
  void equalsTheSums(Case test) {
    Form form = test.form();
    int rows = 5;
    int inner = 7;
    int columns = 17;
    INDArray a = random(test.stack(), rows, inner, form.transposeA());
    INDArray b = random(test.stack(), inner, columns, form.transposeB());
    INDArray c = random(test.stack(), rows, columns, false);
    INDArray before = c.dup();
    MatrixProduct product = form.create().apply(new BlockContext(DataType.FLOAT, test.kernels()));

    for (int run = 0; run < 2; run++) {
      c.assign(before);
      product.run(matrices(a), matrices(b), matrices(c));
      for (int s = 0; s < test.stack(); s++) {
        for (int i = 0; i < rows; i++) {
          for (int j = 0; j < columns; j++) {
            double sum = form.beta() * before.getDouble(s, i, j);
            for (int k = 0; k < inner; k++) {
              sum +=
                  form.alpha()
                      * (form.transposeA() ? a.getDouble(s, k, i) : a.getDouble(s, i, k))
                      * (form.transposeB() ? b.getDouble(s, j, k) : b.getDouble(s, k, j));
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
