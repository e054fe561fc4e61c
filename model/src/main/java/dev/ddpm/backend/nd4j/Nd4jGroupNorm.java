package dev.ddpm.backend.nd4j;

import static dev.ddpm.backend.nd4j.Nd4jTensor.array;

import dev.ddpm.backend.Dropout;
import dev.ddpm.backend.GroupNorm;
import dev.ddpm.backend.GroupNormOp;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.Weight;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/** A group normalisation by ND4J's operations. */
final class Nd4jGroupNorm implements GroupNormOp {
  private final GroupNorm shape;
  private final Weight gamma;
  private final Weight beta;
  private final Dropout dropout;
  private final Tensor mean;
  private final Tensor deviation;

  Nd4jGroupNorm(
      GroupNorm shape, Weight gamma, Weight beta, Dropout dropout, Tensor mean, Tensor deviation) {
    this.shape = shape;
    this.gamma = gamma;
    this.beta = beta;
    this.dropout = dropout;
    this.mean = mean;
    this.deviation = deviation;
  }

  @Override
  public void forward(Tensor x, Tensor bias, Tensor keys, Tensor y) {
    INDArray centre = channelSums(flat(array(x))).divi(shape.positions());
    if (bias != null) {
      centre.addi(array(bias).castTo(DataType.DOUBLE));
    }
    array(mean).assign(channelGroups(centre).mean(2));
    INDArray centred = centred(x, bias);
    INDArray squares = channelSums(flat(centred.mul(centred)));
    INDArray variance = channelGroupMeans(squares);
    array(deviation)
        .assign(
            Transforms.pow(variance.addi(shape.epsilon()), -0.5)
                .reshape('c', shape.batch(), shape.groups()));

    INDArray xHat = flat(centred.muli(perGroup(array(deviation))));
    INDArray z = xHat.muli(perChannel(gamma)).addi(perChannel(beta));
    INDArray activated = shape.swish() ? z.mul(Transforms.sigmoid(z, true)) : z;
    if (dropout != null) {
      activated.muli(mask(keys, activated.dataType()));
    }
    flat(array(y)).assign(activated);
  }

  @Override
  public void backward(
      Tensor x, Tensor bias, Tensor keys, Tensor dy, Tensor added, Tensor dx, Tensor dBias) {
    INDArray scale = perGroup(array(deviation));
    INDArray xHat = centred(x, bias).muli(scale);
    INDArray xHatFlat = flat(xHat);
    INDArray z = xHatFlat.mul(perChannel(gamma)).addi(perChannel(beta));

    INDArray dz = flat(array(dy)).dup('c');
    if (dropout != null) {
      dz.muli(mask(keys, dz.dataType()));
    }
    if (shape.swish()) {
      dz.muli(Nd4jKernels.swishSlope(z));
    }
    // sums over an image in float64: they are differences of nearly equal numbers further down
    INDArray sumDz = channelSums(dz);
    INDArray sumDzXHat = channelSums(dz.mul(xHatFlat));
    array(gamma.gradient()).assign(sumDzXHat.sum(0));
    array(beta.gradient()).assign(sumDz.sum(0));

    INDArray exactGamma =
        array(gamma.values()).castTo(DataType.DOUBLE).reshape('c', 1, shape.channels());
    INDArray meanDz = channelGroupMeans(sumDz.mul(exactGamma));
    INDArray meanDzXHat = channelGroupMeans(sumDzXHat.mul(exactGamma));
    if (dBias != null) {
      INDArray exactScale = perImageGroup(array(deviation).castTo(DataType.DOUBLE));
      INDArray sumXHat = channelSums(xHatFlat);
      INDArray sum =
          channelGroups(sumDz.mul(exactGamma))
              .sub(meanDz.mul(shape.positions()))
              .subi(channelGroups(sumXHat).mul(meanDzXHat))
              .muli(exactScale);
      array(dBias).assign(sum.reshape('c', shape.batch(), shape.channels()));
    }

    INDArray dXHat = grouped(dz.muli(perChannel(gamma)));
    INDArray first = perGroup(meanDz.castTo(dz.dataType()));
    INDArray second = perGroup(meanDzXHat.castTo(dz.dataType()));
    INDArray gradient = flat(dXHat.subi(first).subi(xHat.muli(second)).muli(scale));
    if (added != null) {
      gradient.addi(flat(array(added)));
    }
    flat(array(dx)).assign(gradient);
  }

  /** x + (bias − mean), grouped; the bracket first, which keeps a large mean's rounding small. */
  private INDArray centred(Tensor x, Tensor bias) {
    INDArray negatedMean = array(mean).neg().reshape('c', shape.batch(), 1, shape.groups(), 1);
    if (bias == null) {
      return grouped(array(x)).add(negatedMean);
    }
    INDArray shift =
        array(bias)
            .reshape('c', shape.batch(), 1, shape.groups(), shape.groupChannels())
            .add(negatedMean);
    return grouped(array(x)).add(shift);
  }

  private INDArray flat(INDArray values) {
    return values.reshape('c', shape.batch(), shape.positions(), shape.channels());
  }

  private INDArray grouped(INDArray values) {
    return values.reshape(
        'c', shape.batch(), shape.positions(), shape.groups(), shape.groupChannels());
  }

  /** (batch, channels) in float64. */
  private static INDArray channelSums(INDArray values) {
    return values.castTo(DataType.DOUBLE).sum(1);
  }

  private INDArray channelGroups(INDArray perImageChannel) {
    return perImageChannel.reshape('c', shape.batch(), shape.groups(), shape.groupChannels());
  }

  /** The mean over a group's positions and channels of sums over positions: (batch, groups, 1). */
  private INDArray channelGroupMeans(INDArray sums) {
    INDArray means = channelGroups(sums).mean(2).divi(shape.positions());
    return perImageGroup(means);
  }

  private INDArray perImageGroup(INDArray values) {
    return values.reshape('c', shape.batch(), shape.groups(), 1);
  }

  private INDArray perGroup(INDArray values) {
    return values.reshape('c', shape.batch(), 1, shape.groups(), 1);
  }

  private INDArray perChannel(Weight weight) {
    return array(weight.values()).reshape('c', 1, 1, shape.channels());
  }

  private INDArray mask(Tensor keys, DataType type) {
    int size = shape.imageSize();
    float[] factors = new float[shape.batch() * size];
    for (int image = 0; image < shape.batch(); image++) {
      long key = dropout.maskKey(array(keys).getLong(image));
      for (int i = 0; i < size; i++) {
        boolean kept = Dropout.hash(key, i) < dropout.threshold();
        factors[image * size + i] = kept ? dropout.scale() : 0;
      }
    }
    return flat(Nd4j.createFromArray(factors).castTo(type));
  }
}
