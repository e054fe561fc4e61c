package dev.ddpm.backend;

/**
 * The sizes of a 3×3 convolution with padding 1.
 *
 * @param batch number of images
 * @param height input height
 * @param width input width
 * @param in input channels
 * @param out output channels
 * @param stride 1 or 2
 */
public record ConvolutionShape(int batch, int height, int width, int in, int out, int stride) {
  /** Height and width of the kernel. */
  public static final int KERNEL = 3;

  /** The same sizes with another number of images. */
  public ConvolutionShape ofBatch(int images) {
    return new ConvolutionShape(images, height, width, in, out, stride);
  }

  /** Height of the result. */
  public int outHeight() {
    return (height - 1) / stride + 1;
  }

  /** Width of the result. */
  public int outWidth() {
    return (width - 1) / stride + 1;
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
