package dev.ddpm.backend;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.ops.transforms.Transforms;

/** The kernels as plain ND4J operations: any back end, any floating-point type, not tuned. */
final class Nd4jKernels implements Kernels {

  @Override
  public String describe() {
    return "portable kernels (ND4J operations)";
  }

  @Override
  public void groupNorm(
      GroupNorm shape,
      Tensor x,
      Tensor bias,
      Tensor gamma,
      Tensor beta,
      Dropout dropout,
      Tensor keys,
      Tensor y,
      Tensor mean,
      Tensor deviation) {
    INDArray centre = channelSums(flat(shape, x.array())).divi(shape.positions());
    if (bias != null) {
      centre.addi(bias.array().castTo(DataType.DOUBLE));
    }
    mean.array().assign(channelGroups(shape, centre).mean(2));
    INDArray centred = centred(shape, x, bias, mean);
    INDArray squares = channelSums(flat(shape, centred.mul(centred)));
    INDArray variance = channelGroupMeans(shape, squares);
    deviation
        .array()
        .assign(
            Transforms.pow(variance.addi(shape.epsilon()), -0.5)
                .reshape('c', shape.batch(), shape.groups()));

    INDArray xHat = flat(shape, centred.muli(perGroup(shape, deviation.array())));
    INDArray z = xHat.muli(perChannel(shape, gamma)).addi(perChannel(shape, beta));
    INDArray activated = shape.swish() ? z.mul(Transforms.sigmoid(z, true)) : z;
    if (dropout != null) {
      activated.muli(mask(shape, dropout, keys, activated.dataType()));
    }
    flat(shape, y.array()).assign(activated);
  }

  @Override
  public void groupNormBackward(
      GroupNorm shape,
      Tensor x,
      Tensor bias,
      Tensor gamma,
      Tensor beta,
      Dropout dropout,
      Tensor keys,
      Tensor mean,
      Tensor deviation,
      Tensor dy,
      Tensor added,
      Tensor dx,
      Tensor dBias,
      Tensor dGamma,
      Tensor dBeta) {
    INDArray scale = perGroup(shape, deviation.array());
    INDArray xHat = centred(shape, x, bias, mean).muli(scale);
    INDArray xHatFlat = flat(shape, xHat);
    INDArray z = xHatFlat.mul(perChannel(shape, gamma)).addi(perChannel(shape, beta));

    INDArray dz = flat(shape, dy.array()).dup('c');
    if (dropout != null) {
      dz.muli(mask(shape, dropout, keys, dz.dataType()));
    }
    if (shape.swish()) {
      dz.muli(swishSlope(z));
    }
    // sums over an image in float64: they are differences of nearly equal numbers further down
    INDArray sumDz = channelSums(dz);
    INDArray sumDzXHat = channelSums(dz.mul(xHatFlat));
    dGamma.array().assign(sumDzXHat.sum(0));
    dBeta.array().assign(sumDz.sum(0));

    INDArray exactGamma = gamma.array().castTo(DataType.DOUBLE).reshape('c', 1, shape.channels());
    INDArray meanDz = channelGroupMeans(shape, sumDz.mul(exactGamma));
    INDArray meanDzXHat = channelGroupMeans(shape, sumDzXHat.mul(exactGamma));
    if (dBias != null) {
      INDArray exactScale = perImageGroup(shape, deviation.array().castTo(DataType.DOUBLE));
      INDArray sumXHat = channelSums(xHatFlat);
      INDArray sum =
          channelGroups(shape, sumDz.mul(exactGamma))
              .sub(meanDz.mul(shape.positions()))
              .subi(channelGroups(shape, sumXHat).mul(meanDzXHat))
              .muli(exactScale);
      dBias.array().assign(sum.reshape('c', shape.batch(), shape.channels()));
    }

    INDArray dXHat = grouped(shape, dz.muli(perChannel(shape, gamma)));
    INDArray first = perGroup(shape, meanDz.castTo(dz.dataType()));
    INDArray second = perGroup(shape, meanDzXHat.castTo(dz.dataType()));
    INDArray gradient = flat(shape, dXHat.subi(first).subi(xHat.muli(second)).muli(scale));
    if (added != null) {
      gradient.addi(flat(shape, added.array()));
    }
    flat(shape, dx.array()).assign(gradient);
  }

  /** x + (bias − mean), grouped; the bracket first, which keeps a large mean's rounding small. */
  private static INDArray centred(GroupNorm shape, Tensor x, Tensor bias, Tensor mean) {
    INDArray negatedMean = mean.array().neg().reshape('c', shape.batch(), 1, shape.groups(), 1);
    if (bias == null) {
      return grouped(shape, x.array()).add(negatedMean);
    }
    INDArray shift =
        bias.array()
            .reshape('c', shape.batch(), 1, shape.groups(), shape.groupChannels())
            .add(negatedMean);
    return grouped(shape, x.array()).add(shift);
  }

  private static INDArray flat(GroupNorm shape, INDArray values) {
    return values.reshape('c', shape.batch(), shape.positions(), shape.channels());
  }

  private static INDArray grouped(GroupNorm shape, INDArray values) {
    return values.reshape(
        'c', shape.batch(), shape.positions(), shape.groups(), shape.groupChannels());
  }

  /** (batch, channels) in float64. */
  private static INDArray channelSums(INDArray values) {
    return values.castTo(DataType.DOUBLE).sum(1);
  }

  private static INDArray channelGroups(GroupNorm shape, INDArray perImageChannel) {
    return perImageChannel.reshape('c', shape.batch(), shape.groups(), shape.groupChannels());
  }

  /** The mean over a group's positions and channels of sums over positions: (batch, groups, 1). */
  private static INDArray channelGroupMeans(GroupNorm shape, INDArray sums) {
    INDArray means = channelGroups(shape, sums).mean(2).divi(shape.positions());
    return perImageGroup(shape, means);
  }

  private static INDArray perImageGroup(GroupNorm shape, INDArray values) {
    return values.reshape('c', shape.batch(), shape.groups(), 1);
  }

  private static INDArray perGroup(GroupNorm shape, INDArray values) {
    return values.reshape('c', shape.batch(), 1, shape.groups(), 1);
  }

  private static INDArray perChannel(GroupNorm shape, Tensor values) {
    return values.array().reshape('c', 1, 1, shape.channels());
  }

  private static INDArray mask(GroupNorm shape, Dropout dropout, Tensor keys, DataType type) {
    int size = shape.imageSize();
    float[] factors = new float[shape.batch() * size];
    for (int image = 0; image < shape.batch(); image++) {
      long key = dropout.maskKey(keys.array().getLong(image));
      for (int i = 0; i < size; i++) {
        boolean kept = Dropout.hash(key, i) < dropout.threshold();
        factors[image * size + i] = kept ? dropout.scale() : 0;
      }
    }
    return flat(shape, Nd4j.createFromArray(factors).castTo(type));
  }

  private static INDArray swishSlope(INDArray x) {
    INDArray sigmoid = Transforms.sigmoid(x, true);
    return sigmoid.rsub(1).muli(x).addi(1).muli(sigmoid);
  }

  @Override
  public void swish(Tensor x, Tensor y) {
    y.array().assign(x.array().mul(Transforms.sigmoid(x.array(), true)));
  }

  @Override
  public void swishBackward(Tensor x, Tensor dy, Tensor dx) {
    dx.array().assign(swishSlope(x.array()).muli(dy.array()));
  }

  @Override
  public void softmax(Tensor x) {
    INDArray rows = x.matrix();
    INDArray exponentials = Transforms.exp(rows.sub(column(rows.max(1))), true);
    rows.assign(exponentials.div(column(exponentials.sum(1))));
  }

  @Override
  public void softmaxBackward(Tensor y, Tensor gradient) {
    INDArray rows = gradient.matrix();
    INDArray projection = column(rows.mul(y.matrix()).sum(1));
    rows.assign(rows.sub(projection).muli(y.matrix()));
  }

  private static INDArray column(INDArray values) {
    return values.reshape('c', values.length(), 1);
  }

  @Override
  public void clear(Tensor y) {
    y.array().assign(0);
  }

  @Override
  public void add(Tensor x, Tensor y) {
    y.matrix().addi(x.matrix());
  }

  @Override
  public void addToRows(Tensor vector, Tensor y) {
    y.matrix().addi(vector.array().reshape('c', 1, y.columns()));
  }

  @Override
  public void gatherRows(Tensor x, int[] rows, Tensor gathered) {
    gathered.matrix().assign(Nd4j.pullRows(x.matrix(), 1, rows));
  }

  @Override
  public void addToRows(Tensor values, int[] rows, Tensor y) {
    for (int i = 0; i < rows.length; i++) {
      y.matrix().getRow(rows[i]).addi(values.matrix().getRow(i));
    }
  }

  @Override
  public void gather(Patches patches, Tensor image, Tensor matrix) {
    matrix.array().assign(0);
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
        matrix
            .array()
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
    return image
        .array()
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
    sums.array().assign(x.matrix().sum(0));
  }

  @Override
  public void concatenate(Tensor a, Tensor b, Tensor both) {
    columns(both, 0, a.columns()).assign(a.matrix());
    columns(both, a.columns(), both.columns()).assign(b.matrix());
  }

  @Override
  public void split(Tensor both, Tensor a, Tensor b) {
    a.matrix().assign(columns(both, 0, a.columns()));
    b.matrix().assign(columns(both, a.columns(), both.columns()));
  }

  private static INDArray columns(Tensor matrix, int from, int to) {
    return matrix.matrix().get(NDArrayIndex.all(), NDArrayIndex.interval(from, to));
  }

  @Override
  public void adam(AdamStep step, Tensor gradient, Tensor m, Tensor v) {
    INDArray g = gradient.array();
    m.array().muli(step.beta1()).addi(g.mul(1 - step.beta1()));
    v.array().muli(step.beta2()).addi(g.mul(g).muli(1 - step.beta2()));
    INDArray denominator =
        Transforms.sqrt(v.array(), true).muli(step.rootCorrection()).addi(step.epsilon());
    g.assign(m.array().div(denominator).muli(step.stepSize()));
  }

  @Override
  public double squaredNorm(Tensor x) {
    INDArray values = x.array().castTo(DataType.DOUBLE);
    return values.mul(values).sumNumber().doubleValue();
  }

  @Override
  public double meanSquaredError(Tensor prediction, Tensor target, Tensor gradient) {
    INDArray difference = prediction.matrix().sub(target.matrix());
    INDArray exact = difference.castTo(DataType.DOUBLE);
    double mean = exact.mul(exact).meanNumber().doubleValue();
    gradient.matrix().assign(difference.muli(2.0 / prediction.length()));
    return mean;
  }
}
