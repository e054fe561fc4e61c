package dev.ddpm.backend.cpu.vector;

import static dev.ddpm.backend.cpu.vector.Floats.LANES;
import static dev.ddpm.backend.cpu.vector.Floats.SPECIES;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;

import dev.ddpm.backend.AdamStep;
import dev.ddpm.backend.Dropout;
import dev.ddpm.backend.GroupNorm;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.Patches;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.cpu.onednn.OneDnn;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** The kernels on the Vector API. Public only so that it can be made by name. */
public final class VectorKernels implements Kernels {
  private final Map<Integer, VectorGroupNorm> groupNorms = new HashMap<>();
  private final Map<Integer, ChannelPeriod> periods = new HashMap<>();
  private final VectorLoops loops = new VectorLoops();
  private float[] row = new float[0];
  private float[] otherRow = new float[0];

  @Override
  public String describe() {
    return "vector kernels (%d bits), %s".formatted(LANES * Float.SIZE, OneDnn.describe());
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
    groupNorms
        .computeIfAbsent(shape.channels(), VectorGroupNorm::new)
        .forward(shape, x, bias, gamma, beta, dropout, keys, y, mean, deviation);
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
    groupNorms
        .computeIfAbsent(shape.channels(), VectorGroupNorm::new)
        .backward(
            shape, x, bias, gamma, beta, dropout, keys, mean, deviation, dy, added, dx, dBias,
            dGamma, dBeta);
  }

  @Override
  public void swish(Tensor x, Tensor y) {
    loops.swish(x.bytes(), y.bytes(), x.length());
  }

  @Override
  public void swishBackward(Tensor x, Tensor dy, Tensor dx) {
    loops.swishBackward(x.bytes(), dy.bytes(), dx.bytes(), x.length());
  }

  @Override
  public void clear(Tensor y) {
    loops.clear(y.bytes(), y.length());
  }

  @Override
  public void add(Tensor x, Tensor y) {
    Floats.add(x.bytes(), 0, y.bytes(), 0, y.length());
  }

  @Override
  public void adam(AdamStep step, Tensor gradient, Tensor m, Tensor v) {
    loops.adam(step, gradient.bytes(), m.bytes(), v.bytes(), gradient.length());
  }

  @Override
  public double squaredNorm(Tensor x) {
    return loops.squaredNorm(x.bytes(), x.length());
  }

  @Override
  public double meanSquaredError(Tensor prediction, Tensor target, Tensor gradient) {
    return loops.meanSquaredError(
        prediction.bytes(), target.bytes(), gradient.bytes(), prediction.length());
  }

  @Override
  public void softmax(Tensor x) {
    int columns = x.columns();
    int padded = prepareRows(columns);
    for (int r = 0; r < x.rows(); r++) {
      int base = r * columns;
      Floats.read(x.bytes(), base, columns, row);
      Arrays.fill(row, columns, padded, Float.NEGATIVE_INFINITY);
      FloatVector largest = broadcast(SPECIES, Float.NEGATIVE_INFINITY);
      for (int i = 0; i < padded; i += LANES) {
        largest = largest.max(fromArray(SPECIES, row, i));
      }
      float maximum = largest.reduceLanes(VectorOperators.MAX);
      for (int i = 0; i < padded; i += LANES) {
        fromArray(SPECIES, row, i).sub(maximum).intoArray(row, i);
      }
      Exponential.apply(row, padded);
      FloatVector total = broadcast(SPECIES, 0);
      for (int i = 0; i < padded; i += LANES) {
        total = total.add(fromArray(SPECIES, row, i));
      }
      // the padding's e^−87 is below half an ulp of a sum that contains e^0
      float factor = 1 / total.reduceLanes(VectorOperators.ADD);
      for (int i = 0; i < padded; i += LANES) {
        fromArray(SPECIES, row, i).mul(factor).intoArray(row, i);
      }
      Floats.write(row, columns, x.bytes(), base);
    }
  }

  @Override
  public void softmaxBackward(Tensor y, Tensor gradient) {
    int columns = y.columns();
    int padded = prepareRows(columns);
    for (int r = 0; r < y.rows(); r++) {
      int base = r * columns;
      Floats.read(y.bytes(), base, columns, row);
      Floats.read(gradient.bytes(), base, columns, otherRow);
      Arrays.fill(row, columns, padded, 0);
      Arrays.fill(otherRow, columns, padded, 0);
      FloatVector total = broadcast(SPECIES, 0);
      for (int i = 0; i < padded; i += LANES) {
        total = fromArray(SPECIES, row, i).fma(fromArray(SPECIES, otherRow, i), total);
      }
      float projection = total.reduceLanes(VectorOperators.ADD);
      for (int i = 0; i < padded; i += LANES) {
        fromArray(SPECIES, otherRow, i)
            .sub(projection)
            .mul(fromArray(SPECIES, row, i))
            .intoArray(otherRow, i);
      }
      Floats.write(otherRow, columns, gradient.bytes(), base);
    }
  }

  private int prepareRows(int columns) {
    int padded = (columns + LANES - 1) / LANES * LANES;
    if (row.length < Exponential.room(padded)) {
      row = new float[Exponential.room(padded)];
      otherRow = new float[padded];
    }
    return padded;
  }

  @Override
  public void addToRows(Tensor vector, Tensor y) {
    int columns = y.columns();
    for (int r = 0; r < y.rows(); r++) {
      Floats.add(vector.bytes(), 0, y.bytes(), r * columns, columns);
    }
  }

  @Override
  public void gatherRows(Tensor x, int[] rows, Tensor gathered) {
    int columns = x.columns();
    for (int i = 0; i < rows.length; i++) {
      ChannelPeriod.copy(x.bytes(), rows[i] * columns, gathered.bytes(), i * columns, columns);
    }
  }

  @Override
  public void addToRows(Tensor values, int[] rows, Tensor y) {
    int columns = y.columns();
    for (int r = 0; r < rows.length; r++) {
      Floats.add(values.bytes(), r * columns, y.bytes(), rows[r] * columns, columns);
    }
  }

  @Override
  public void gather(Patches patches, Tensor image, Tensor matrix) {
    VectorPatches.gather(patches, image.bytes(), matrix.bytes());
  }

  @Override
  public void scatterAdd(Patches patches, Tensor matrix, Tensor image) {
    VectorPatches.scatterAdd(patches, matrix.bytes(), image.bytes());
  }

  @Override
  public void sumRows(Tensor x, Tensor sums) {
    periods
        .computeIfAbsent(x.columns(), ChannelPeriod::new)
        .sumInto(x.bytes(), x.rows(), sums.bytes());
  }

  @Override
  public void concatenate(Tensor a, Tensor b, Tensor both) {
    int left = a.columns();
    int right = b.columns();
    for (int r = 0; r < both.rows(); r++) {
      ChannelPeriod.copy(a.bytes(), r * left, both.bytes(), r * (left + right), left);
      ChannelPeriod.copy(b.bytes(), r * right, both.bytes(), r * (left + right) + left, right);
    }
  }

  @Override
  public void split(Tensor both, Tensor a, Tensor b) {
    int left = a.columns();
    int right = b.columns();
    for (int r = 0; r < both.rows(); r++) {
      ChannelPeriod.copy(both.bytes(), r * (left + right), a.bytes(), r * left, left);
      ChannelPeriod.copy(both.bytes(), r * (left + right) + left, b.bytes(), r * right, right);
    }
  }
}
