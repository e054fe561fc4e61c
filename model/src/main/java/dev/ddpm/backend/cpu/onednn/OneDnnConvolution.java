package dev.ddpm.backend.cpu.onednn;

import dev.ddpm.backend.ConvolutionOp;
import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Layout;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.Weight;
import dev.ddpm.backend.cpu.memory.CpuTensor;
import java.util.ArrayList;
import java.util.List;

/**
 * A convolution by oneDNN: Winograd's F(4×4, 3×3) where it is faster, which works on images in
 * blocks, else the direct algorithm on rows. Only the latter on CPUs without AVX-512.
 *
 * <p>A batch is worked on in parts, because Winograd's transformed images take more than twice the
 * memory of the images: those of a part stay in the second cache.
 */
public final class OneDnnConvolution implements ConvolutionOp {
  /** Height and width of the tiles that Winograd's algorithm cuts results into. */
  private static final int TILE = 4;

  /** Pixels of a map up to which a batch has so few tiles that transforming weights counts. */
  private static final int SMALL_MAP = 36;

  /**
   * Pairs of channels up to which transformed weights, four times as large, stay in the third cache
   * from their transformation to their use.
   */
  private static final int FEW_WEIGHTS = 1 << 17;

  /** Values of the larger image of a part: 2 MiB. */
  private static final int PART = 1 << 19;

  private final List<ConvolutionPart> parts = new ArrayList<>();

  /**
   * A convolution of given sizes.
   *
   * @param x layout of its input and of the input's gradient: rows, or what {@link #layout} says
   * @param y layout of its result and of the result's gradient, likewise
   * @param weight (3, 3, in, out)
   */
  public OneDnnConvolution(
      OneDnn library, ConvolutionShape shape, Layout x, Layout y, Weight weight) {
    int size = shape.height() * shape.width() * Math.max(shape.in(), shape.out());
    int most = layout(library, shape) == Layout.BLOCKS ? Math.max(1, PART / size) : shape.batch();
    int first = 0;
    while (first < shape.batch()) {
      int left = shape.batch() - first;
      int atOnce = Math.min(most, left);
      int times = left / atOnce;
      parts.add(
          new ConvolutionPart(
              library, shape.ofBatch(atOnce), ConvolutionShape.KERNEL, first, times, x, y, weight));
      first += times * atOnce;
    }
  }

  /**
   * The layout in which a convolution of these sizes need not copy its images: blocks for
   * Winograd's algorithm, else rows.
   */
  public static Layout layout(OneDnn library, ConvolutionShape shape) {
    boolean winograd =
        library.computesWinograd()
            && shape.stride() == 1
            && shape.in() % Layout.BLOCK == 0
            && shape.out() % Layout.BLOCK == 0
            && fillsTiles(shape)
            && (library.hasConstantWeights()
                || shape.height() * shape.width() > SMALL_MAP
                || shape.in() * shape.out() <= FEW_WEIGHTS);
    return winograd ? Layout.BLOCKS : Layout.ROWS;
  }

  /** Whether at least half of what Winograd's tiles compute is results, not margin. */
  private static boolean fillsTiles(ConvolutionShape shape) {
    int down = (shape.height() + TILE - 1) / TILE;
    int across = (shape.width() + TILE - 1) / TILE;
    return Math.min(shape.height(), shape.width()) >= TILE
        && 2 * shape.height() * shape.width() >= down * across * TILE * TILE;
  }

  @Override
  public void forward(Tensor x, Tensor bias, Tensor y) {
    for (ConvolutionPart part : parts) {
      part.forward((CpuTensor) x, (CpuTensor) bias, (CpuTensor) y);
    }
  }

  @Override
  public void backward(Tensor x, Tensor dy, Tensor dx) {
    for (ConvolutionPart part : parts) {
      part.backward((CpuTensor) x, (CpuTensor) dy, (CpuTensor) dx);
    }
  }
}
