package dev.ddpm.layer;

import dev.ddpm.kernel.Patches;

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
record ConvolutionShape(int batch, int height, int width, int in, int out, int stride) {
  static final int KERNEL = 3;

  int outHeight() {
    return (height - 1) / stride + 1;
  }

  int outWidth() {
    return (width - 1) / stride + 1;
  }

  /** The 3×3 windows of an image of this size with some number of channels. */
  Patches patches(int channels) {
    return new Patches(batch, height, width, channels, KERNEL, stride);
  }

  long[] input() {
    return new long[] {batch, height, width, in};
  }

  long[] output() {
    return new long[] {batch, outHeight(), outWidth(), out};
  }
}
