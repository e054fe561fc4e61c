package dev.ddpm.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.backend.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Values arrive where they belong, and nowhere else. */
class CudaTensorTest {
  private final EmulatedDevice device = new EmulatedDevice();

  @AfterEach
  void close() {
    device.close();
  }

  private static float[] values(Tensor tensor) {
    float[] values = new float[tensor.length()];
    tensor.download(values, 0);
    return values;
  }

  @Test
  void aPartOfAnArrayGoesUpAndComesDown() {
    Tensor tensor = CudaTensor.allocate(device, 2, 1, 3);
    tensor.upload(new float[] {-1, 0, 1, 2, 3, 4, 5, -1}, 1);
    float[] down = {9, 9, 9, 9, 9, 9, 9, 9};
    tensor.download(down, 2);

    assertThat(down).containsExactly(9, 9, 0, 1, 2, 3, 4, 5);
    assertThat(tensor.shape()).containsExactly(2, 1, 3);
    assertThat(tensor.rows()).isEqualTo(2);
    assertThat(tensor.columns()).isEqualTo(3);
    assertThat(tensor.size(1)).isEqualTo(1);
  }

  @Test
  void viewsShareTheirMemory() {
    Tensor whole = CudaTensor.allocate(device, 10);
    Tensor slice = whole.slice(3, 2, 2);
    slice.upload(new float[] {1, 2, 3, 4}, 0);
    whole.reshape(5, 2).slice(0, 1).upload(new double[] {7});
    slice.slice(1, 2).slice(1, 1).upload(new float[] {8}, 0);

    assertThat(values(whole)).containsExactly(7, 0, 0, 1, 2, 8, 4, 0, 0, 0);
    assertThat(values(slice)).containsExactly(1, 2, 8, 4);
  }

  @Test
  void aViewDoesNotReachPastItsTensor() {
    Tensor whole = CudaTensor.allocate(device, 10);

    assertThatThrownBy(() -> whole.slice(8, 3)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> whole.reshape(3, 3))
        .hasMessage("A tensor of the shape [10] has no room for [3, 3]");
  }

  @Test
  void keysAreNoFloats() {
    Tensor keys = CudaTensor.keys(device, 3);
    keys.upload(new long[] {1, 2, 3});
    keys.slice(1, 2).upload(new long[] {7, 8, 9});

    assertThatThrownBy(() -> keys.upload(new float[3], 0))
        .hasMessage("A tensor of 8-byte values takes and gives no 4-byte values");
    assertThatThrownBy(() -> CudaTensor.allocate(device, 3).upload(new long[3]))
        .hasMessage("A tensor of 4-byte values takes and gives no 8-byte values");
    double[] bits = new double[3];
    device.download(CudaTensor.address(keys), bits);
    assertThat(bits)
        .containsExactly(
            Double.longBitsToDouble(1), Double.longBitsToDouble(7), Double.longBitsToDouble(8));
  }
}
