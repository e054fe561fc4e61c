package dev.ddpm.backend;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** An address that JavaCPP neither owns nor frees: who made it must outlive its use. */
public final class ForeignMemory extends BytePointer {

  /** The memory of a dense off-heap array; only valid on the CPU back end. */
  public static Pointer of(INDArray array) {
    return new ForeignMemory(addressOf(array));
  }

  /** Where a dense off-heap array begins. */
  public static long addressOf(INDArray array) {
    // a view's buffer has the address of the whole array
    return array.data().address() + array.offset() * array.dataType().width();
  }

  /** Memory that begins at an address. */
  public ForeignMemory(long address) {
    super((Pointer) null);
    this.address = address;
  }

  /** Makes this the memory that begins at another address. */
  public ForeignMemory moveTo(long address) {
    this.address = address;
    return this;
  }
}
