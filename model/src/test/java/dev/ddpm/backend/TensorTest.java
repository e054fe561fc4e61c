package dev.ddpm.backend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.backend.nd4j.Nd4jEngine;
import dev.ddpm.backend.nd4j.PortableBackend;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Values arrive where they belong, and nowhere else. */
class TensorTest {

  private static float[] values(Tensor tensor) {
    float[] values = new float[tensor.length()];
    tensor.download(values, 0);
    return values;
  }

  @ParameterizedTest
  @EnumSource(TestedBackend.class)
  void aPartOfAnArrayGoesUpAndComesDown(TestedBackend backend) {
    Tensor tensor = backend.engine().allocate(2, 1, 3);
    tensor.upload(new float[] {-1, 0, 1, 2, 3, 4, 5, -1}, 1);
    float[] down = {9, 9, 9, 9, 9, 9, 9, 9};
    tensor.download(down, 2);

    assertThat(down).containsExactly(9, 9, 0, 1, 2, 3, 4, 5);
    assertThat(tensor.shape()).containsExactly(2, 1, 3);
    assertThat(tensor.rows()).isEqualTo(2);
    assertThat(tensor.columns()).isEqualTo(3);
  }

  @ParameterizedTest
  @EnumSource(TestedBackend.class)
  void viewsShareTheirMemory(TestedBackend backend) {
    Tensor whole = backend.engine().allocate(10);
    Tensor slice = whole.slice(3, 2, 2);
    slice.upload(new float[] {1, 2, 3, 4}, 0);
    whole.reshape(5, 2).slice(0, 1).upload(new double[] {7});
    slice.slice(1, 2).slice(1, 1).upload(new float[] {8}, 0);

    assertThat(values(whole)).containsExactly(7, 0, 0, 1, 2, 8, 4, 0, 0, 0);
    assertThat(values(slice)).containsExactly(1, 2, 8, 4);
  }

  @ParameterizedTest
  @EnumSource(TestedBackend.class)
  void keysKeepTheir64Bits(TestedBackend backend) {
    Tensor keys = backend.engine().keys(3);
    long[] expected = {Long.MIN_VALUE + 1, -1, 0x123456789abcdefL};
    keys.upload(expected);

    assertThat(Nd4jEngine.array(keys).toLongVector()).containsExactly(expected);
  }

  @Test
  void doublesStayDoubles() {
    Nd4jEngine engine = new PortableBackend().create(Precision.FLOAT64);
    Tensor tensor = engine.allocate(2);
    tensor.upload(new double[] {1 / 3.0, StrictMath.PI});

    assertThat(Nd4jEngine.array(tensor).toDoubleVector()).containsExactly(1 / 3.0, StrictMath.PI);
  }
}
