package dev.ddpm.backend.nd4j;

import static dev.ddpm.backend.nd4j.Nd4jTensor.array;
import static dev.ddpm.backend.nd4j.Nd4jTensor.matrix;

import dev.ddpm.backend.AdamStep;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.Patches;
import dev.ddpm.backend.Tensor;
import java.util.function.DoubleSupplier;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.ops.transforms.Transforms;

/** The kernels as plain ND4J operations: any back end, any floating-point type, not tuned. */
final class Nd4jKernels implements Kernels {

  /** The derivative of x · σ(x). */
  static INDArray swishSlope(INDArray x) {
    INDArray sigmoid = Transforms.sigmoid(x, true);
    return sigmoid.rsub(1).muli(x).addi(1).muli(sigmoid);
  }

  @Override
  public void swish(Tensor x, Tensor y) {
    array(y).assign(array(x).mul(Transforms.sigmoid(array(x), true)));
  }

  @Override
  public void swishBackward(Tensor x, Tensor dy, Tensor dx) {
    array(dx).assign(swishSlope(array(x)).muli(array(dy)));
  }

  @Override
  public void softmax(Tensor x) {
    INDArray rows = matrix(x);
    INDArray exponentials = Transforms.exp(rows.sub(column(rows.max(1))), true);
    rows.assign(exponentials.div(column(exponentials.sum(1))));
  }

  @Override
  public void softmaxBackward(Tensor y, Tensor gradient) {
    INDArray rows = matrix(gradient);
    INDArray projection = column(rows.mul(matrix(y)).sum(1));
    rows.assign(rows.sub(projection).muli(matrix(y)));
  }

  private static INDArray column(INDArray values) {
    return values.reshape('c', values.length(), 1);
  }

  @Override
  public void clear(Tensor y) {
    array(y).assign(0);
  }

  @Override
  public void copy(Tensor x, Tensor y) {
    array(y).assign(array(x));
  }

  @Override
  public void add(Tensor x, Tensor y) {
    matrix(y).addi(matrix(x));
  }

  @Override
  public void subtract(Tensor x, Tensor y) {
    matrix(y).subi(matrix(x));
  }

  @Override
  public void addProduct(Tensor a, Tensor b, Tensor y) {
    matrix(y).addi(matrix(a).mul(matrix(b)));
  }

  @Override
  public void addToRows(Tensor vector, Tensor y) {
    matrix(y).addi(array(vector).reshape('c', 1, y.columns()));
  }

  @Override
  public void scaleRows(Tensor factors, Tensor y) {
    matrix(y).muliColumnVector(array(factors).reshape('c', y.rows(), 1));
  }

  @Override
  public void gatherRows(Tensor x, int[] rows, Tensor gathered) {
    matrix(gathered).assign(Nd4j.pullRows(matrix(x), 1, rows));
  }

  @Override
  public void addToRows(Tensor values, int[] rows, Tensor y) {
    for (int i = 0; i < rows.length; i++) {
      matrix(y).getRow(rows[i]).addi(matrix(values).getRow(i));
    }
  }

  @Override
  public void gather(Patches patches, Tensor image, Tensor matrix) {
    array(matrix).assign(0);
    for (int tap = 0; tap < patches.size() * patches.size(); tap++) {
      WindowRange down = WindowRange.down(patches, tap);
      WindowRange across = WindowRange.across(patches, tap);
      if (!down.isEmpty() && !across.isEmpty()) {
        pixelsOfWindows(patches, matrix, tap, down, across)
            .assign(pixels(patches, image, down, across));
      }
    }
  }

  @Override
  public void scatterAdd(Patches patches, Tensor matrix, Tensor image) {
    for (int tap = 0; tap < patches.size() * patches.size(); tap++) {
      WindowRange down = WindowRange.down(patches, tap);
      WindowRange across = WindowRange.across(patches, tap);
      if (!down.isEmpty() && !across.isEmpty()) {
        pixels(patches, image, down, across)
            .addi(pixelsOfWindows(patches, matrix, tap, down, across));
      }
    }
  }

  /** Of the windows in a range, the pixel at a tap: (batch, down, across, channels). */
  private static INDArray pixelsOfWindows(
      Patches patches, Tensor matrix, int tap, WindowRange down, WindowRange across) {
    long taps = (long) patches.size() * patches.size();
    INDArray windows =
        array(matrix)
            .reshape(
                'c', patches.batch(), patches.down(), patches.across(), taps, patches.channels());
    return windows.get(
        NDArrayIndex.all(),
        NDArrayIndex.interval(down.first, down.end),
        NDArrayIndex.interval(across.first, across.end),
        NDArrayIndex.point(tap),
        NDArrayIndex.all());
  }

  /** The same pixels in the image. */
  private static INDArray pixels(
      Patches patches, Tensor image, WindowRange down, WindowRange across) {
    return array(image)
        .get(NDArrayIndex.all(), down.pixels(patches), across.pixels(patches), NDArrayIndex.all());
  }

  /** The windows, along one axis, whose pixel at a tap lies in the image. */
  private record WindowRange(int first, int end, int offset) {
    static WindowRange down(Patches patches, int tap) {
      return of(patches, tap / patches.size(), patches.height(), patches.down());
    }

    static WindowRange across(Patches patches, int tap) {
      return of(patches, tap % patches.size(), patches.width(), patches.across());
    }

    private static WindowRange of(Patches patches, int tap, int pixels, int windows) {
      int offset = tap - Patches.PADDING;
      int first = offset < 0 ? (patches.stride() - 1 - offset) / patches.stride() : 0;
      int last = Math.floorDiv(pixels - 1 - offset, patches.stride());
      return new WindowRange(first, Math.min(windows, last + 1), offset);
    }

    boolean isEmpty() {
      return first >= end;
    }

    INDArrayIndex pixels(Patches patches) {
      int from = first * patches.stride() + offset;
      int to = (end - 1) * patches.stride() + offset + 1;
      // ND4J takes a strided interval of one element for a longer one
      return to == from + 1
          ? NDArrayIndex.interval(from, to)
          : NDArrayIndex.interval(from, patches.stride(), to);
    }
  }

  @Override
  public void sumRows(Tensor x, Tensor sums) {
    array(sums).assign(matrix(x).sum(0));
  }

  @Override
  public void concatenate(Tensor a, Tensor b, Tensor both) {
    columns(both, 0, a.columns()).assign(matrix(a));
    columns(both, a.columns(), both.columns()).assign(matrix(b));
  }

  @Override
  public void split(Tensor both, Tensor a, Tensor b) {
    matrix(a).assign(columns(both, 0, a.columns()));
    matrix(b).assign(columns(both, a.columns(), both.columns()));
  }

  private static INDArray columns(Tensor matrix, int from, int to) {
    return matrix(matrix).get(NDArrayIndex.all(), NDArrayIndex.interval(from, to));
  }

  @Override
  public void clip(Tensor x, double longest) {
    double norm = array(x).norm2Number().doubleValue();
    if (norm > longest) {
      array(x).muli(longest / norm);
    }
  }

  @Override
  public void adam(AdamStep step, Tensor gradient, Tensor m, Tensor v) {
    INDArray g = array(gradient);
    array(m).muli(step.beta1()).addi(g.mul(1 - step.beta1()));
    array(v).muli(step.beta2()).addi(g.mul(g).muli(1 - step.beta2()));
    INDArray denominator =
        Transforms.sqrt(array(v), true).muli(step.rootCorrection()).addi(step.epsilon());
    g.assign(array(m).div(denominator).muli(step.stepSize()));
  }

  @Override
  public DoubleSupplier meanSquaredError(Tensor prediction, Tensor target, Tensor gradient) {
    INDArray difference = matrix(prediction).sub(matrix(target));
    INDArray exact = difference.castTo(DataType.DOUBLE);
    double mean = exact.mul(exact).meanNumber().doubleValue();
    matrix(gradient).assign(difference.muli(2.0 / prediction.length()));
    return () -> mean;
  }
}
