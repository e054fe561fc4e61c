package dev.ddpm.backend.cpu.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.backend.nd4j.Nd4jNatives;
import dev.ddpm.backend.nd4j.Nd4jTensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class CpuTensorTest {

  @BeforeAll
  static void selectBackend() {
    Nd4jNatives.select();
  }

  private static INDArray counting(int length) {
    return Nd4j.arange(length).castTo(DataType.FLOAT);
  }

  @Test
  void bytesOfAViewOfAViewBeginAtItsFirstValue() {
    INDArray view = counting(100).get(NDArrayIndex.interval(10, 50));
    INDArray viewOfView = view.get(NDArrayIndex.interval(5, 25)).reshape('c', 4, 5);
    CpuTensor tensor = CpuTensor.of(viewOfView);
    assertThat(tensor.bytes().getFloat(0)).isEqualTo(15);
    assertThat(tensor.bytes().capacity()).isEqualTo(20 * Float.BYTES);
    assertThat(tensor.rows()).isEqualTo(4);
    assertThat(tensor.columns()).isEqualTo(5);
  }

  @Test
  void aSliceSharesMemory() {
    INDArray whole = counting(100);
    Nd4jTensor slice = CpuTensor.of(whole.get(NDArrayIndex.interval(20, 60))).slice(4, 3, 2);
    CpuTensor.bytes(slice).putFloat(0, -1);
    assertThat(whole.getFloat(24)).isEqualTo(-1);
    assertThat(slice.array().getFloat(2, 1)).isEqualTo(29);
  }

  @Test
  void arraysWithGapsAreRefused() {
    INDArray columns =
        counting(12).reshape('c', 3, 4).get(NDArrayIndex.all(), NDArrayIndex.interval(1, 3));
    assertThatThrownBy(() -> CpuTensor.of(columns))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("dense row-major");
  }

  @Test
  void otherTypesThanFloatsAndKeysAreRefused() {
    assertThatThrownBy(() -> CpuTensor.of(Nd4j.create(DataType.DOUBLE, 3)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("Only float32 can be computed, not DOUBLE");
  }

  @Test
  void alignedTensorsBeginAtACacheLine() {
    CpuTensor images = CpuTensor.aligned(2, 3, 5, 16);
    assertThat(images.address() % 64).isZero();
    assertThat(images.shape()).containsExactly(2, 3, 5, 16);
  }
}
