package dev.ddpm.backend;

/**
 * The sizes of a 3×3 convolution with a padding of 1 below and right, and of 0 or 1 above and left.
 *
 * @param batch number of images
 * @param height input height
 * @param width input width
 * @param in input channels
 * @param out output channels
 * @param stride 1 or 2
 * @param before rows above and columns left of the image that count as zero: 1, or 0 where stride
 *     is 2 and height and width are even
 */
public record ConvolutionShape(
    int batch, int height, int width, int in, int out, int stride, int before) {
  /** Height and width of the kernel. */
  public static final int KERNEL = 3;

  /** A convolution with a padding of 1 on all sides. */
  public ConvolutionShape(int batch, int height, int width, int in, int out, int stride) {
    this(batch, height, width, in, out, stride, 1);
  }

  /** Height of the result. */
  public int outHeight() {
    return (height + before - 2) / stride + 1;
  }

  /** Width of the result. */
  public int outWidth() {
    return (width + before - 2) / stride + 1;
  }

  /** The 3×3 windows of an image of this size with some number of channels. */
  public Patches patches(int channels) {
    return new Patches(batch, height, width, channels, KERNEL, stride);
  }

  /** (batch, height, width, in). */
  public long[] input() {
    return new long[] {batch, height, width, in};
  }

  /** (batch, outHeight, outWidth, out). */
  public long[] output() {
    return new long[] {batch, outHeight(), outWidth(), out};
  }
}
