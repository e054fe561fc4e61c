package dev.ddpm.backend.cpu.vector;

import static dev.ddpm.backend.cpu.memory.CpuTensor.bytes;
import static dev.ddpm.backend.cpu.memory.CpuTensor.floats;
import static dev.ddpm.backend.cpu.vector.FloatVectors.LANES;
import static dev.ddpm.backend.cpu.vector.FloatVectors.SPECIES;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;

import dev.ddpm.backend.AdamStep;
import dev.ddpm.backend.Dropout;
import dev.ddpm.backend.GroupNorm;
import dev.ddpm.backend.GroupNormOp;
import dev.ddpm.backend.Patches;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.Weight;
import dev.ddpm.backend.cpu.CpuKernels;
import dev.ddpm.backend.cpu.memory.CpuTensor;
import dev.ddpm.backend.cpu.winograd.TileTransforms;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.DoubleSupplier;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** The kernels on the Vector API. Public only so that it can be made by name. */
public final class VectorKernels implements CpuKernels {
  /**
   * Weights of a softmax below it become 0. They change no sum with those that are left, but where
   * attention is sharp most are near e^−87, and products with such numbers below 2^−126 take a CPU
   * a hundred times as long.
   */
  private static final float SMALLEST_WEIGHT = 0x1p-64f;

  /** The same of changes of what a softmax was taken of, which have the size of gradients. */
  private static final float SMALLEST_CHANGE = 0x1p-100f;

  private final Map<Integer, VectorGroupNorm> groupNorms = new HashMap<>();
  private final Map<Integer, RowSums> rowSums = new HashMap<>();
  private final VectorLoops loops = new VectorLoops();
  private final RowLoops rowLoops = new RowLoops();
  private final VectorPatches windows = new VectorPatches();

  /** Made when first asked for, like the next: most kernels of a process need neither. */
  private VectorGroupNorm.Memory groupNormMemory;

  private VectorTileTransforms tileTransforms;
  private float[] row = new float[0];
  private float[] otherRow = new float[0];

  @Override
  public String describe() {
    return "vector kernels (%d bits)".formatted(LANES * Float.SIZE);
  }

  @Override
  public GroupNormOp groupNorm(GroupNorm shape, Weight gamma, Weight beta, Dropout dropout) {
    if (groupNormMemory == null) {
      groupNormMemory = VectorGroupNorm.Memory.allocate();
    }
    VectorGroupNorm passes =
        groupNorms.computeIfAbsent(
            shape.channels(), channels -> new VectorGroupNorm(channels, groupNormMemory));
    return VectorGroupNormOp.of(passes, shape, gamma, beta, dropout);
  }

  @Override
  public TileTransforms tileTransforms() {
    if (tileTransforms == null) {
      tileTransforms = new VectorTileTransforms();
    }
    return tileTransforms;
  }

  @Override
  public void swish(Tensor x, Tensor y) {
    loops.swish(bytes(x), bytes(y), x.length());
  }

  @Override
  public void swishBackward(Tensor x, Tensor dy, Tensor dx) {
    loops.swishBackward(bytes(x), bytes(dy), bytes(dx), x.length());
  }

  @Override
  public void clear(Tensor y) {
    loops.clear(bytes(y), y.length());
  }

  @Override
  public void copy(Tensor x, Tensor y) {
    FloatVectors.copy(bytes(x), 0, bytes(y), 0, y.length());
  }

  @Override
  public void add(Tensor x, Tensor y) {
    FloatVectors.add(bytes(x), 0, bytes(y), 0, y.length());
  }

  @Override
  public void subtract(Tensor x, Tensor y) {
    FloatVectors.subtract(bytes(x), bytes(y), y.length());
  }

  @Override
  public void clip(Tensor x, double longest) {
    double norm = ((CpuTensor) x).norm();
    if (norm > longest) {
      loops.scale((float) (longest / norm), bytes(x), 0, x.length());
    }
  }

  @Override
  public void adam(AdamStep step, Tensor gradient, Tensor m, Tensor v) {
    loops.adam(step, bytes(gradient), bytes(m), bytes(v), gradient.length());
  }

  @Override
  public DoubleSupplier meanSquaredError(Tensor prediction, Tensor target, Tensor gradient) {
    double mean =
        loops.meanSquaredError(
            bytes(prediction), bytes(target), bytes(gradient), prediction.length());
    return () -> mean;
  }

  @Override
  public void softmax(Tensor x) {
    int columns = x.columns();
    int padded = prepareRows(columns);
    for (int r = 0; r < x.rows(); r++) {
      int base = r * columns;
      FloatVectors.read(bytes(x), base, columns, row);
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
      // The padding's e^−87 is below half an ulp of a sum that contains e^0. A maximum that is NaN
      // or infinite makes a row of NaN, which e^x has lost.
      float factor = 1 / total.reduceLanes(VectorOperators.ADD) + 0 * maximum;
      for (int i = 0; i < padded; i += LANES) {
        FloatVector weight = fromArray(SPECIES, row, i).mul(factor);
        weight.blend(0, weight.compare(VectorOperators.LT, SMALLEST_WEIGHT)).intoArray(row, i);
      }
      FloatVectors.write(row, columns, bytes(x), base);
    }
  }

  @Override
  public void softmaxBackward(Tensor y, Tensor gradient) {
    int columns = y.columns();
    int padded = prepareRows(columns);
    for (int r = 0; r < y.rows(); r++) {
      int base = r * columns;
      FloatVectors.read(bytes(y), base, columns, row);
      FloatVectors.read(bytes(gradient), base, columns, otherRow);
      Arrays.fill(row, columns, padded, 0);
      Arrays.fill(otherRow, columns, padded, 0);
      FloatVector total = broadcast(SPECIES, 0);
      for (int i = 0; i < padded; i += LANES) {
        total = fromArray(SPECIES, row, i).fma(fromArray(SPECIES, otherRow, i), total);
      }
      float projection = total.reduceLanes(VectorOperators.ADD);
      for (int i = 0; i < padded; i += LANES) {
        FloatVector change =
            fromArray(SPECIES, otherRow, i).sub(projection).mul(fromArray(SPECIES, row, i));
        change
            .blend(0, change.abs().compare(VectorOperators.LT, SMALLEST_CHANGE))
            .intoArray(otherRow, i);
      }
      FloatVectors.write(otherRow, columns, bytes(gradient), base);
    }
  }

  private int prepareRows(int columns) {
    int padded = (columns + LANES - 1) / LANES * LANES;
    if (row.length < padded) {
      row = new float[padded];
      otherRow = new float[padded];
    }
    return padded;
  }

  @Override
  public void addProduct(Tensor a, Tensor b, Tensor y) {
    for (int i = 0; i < y.length(); i++) {
      int at = i << 2;
      float product = bytes(a).getFloat(at) * bytes(b).getFloat(at);
      bytes(y).putFloat(at, bytes(y).getFloat(at) + product);
    }
  }

  @Override
  public void addToRows(Tensor vector, Tensor y) {
    rowLoops.add(floats(vector), floats(y), y.rows(), y.columns());
  }

  @Override
  public void scaleRows(Tensor factors, Tensor y) {
    int columns = y.columns();
    for (int r = 0; r < y.rows(); r++) {
      loops.scale(bytes(factors).getFloat(r << 2), bytes(y), r * columns, columns);
    }
  }

  @Override
  public void gatherRows(Tensor x, int[] rows, Tensor gathered) {
    int columns = x.columns();
    for (int i = 0; i < rows.length; i++) {
      FloatVectors.copy(bytes(x), rows[i] * columns, bytes(gathered), i * columns, columns);
    }
  }

  @Override
  public void addToRows(Tensor values, int[] rows, Tensor y) {
    int columns = y.columns();
    for (int r = 0; r < rows.length; r++) {
      FloatVectors.add(bytes(values), r * columns, bytes(y), rows[r] * columns, columns);
    }
  }

  @Override
  public void gather(Patches patches, Tensor image, Tensor matrix) {
    windows.gather(patches, floats(image), floats(matrix));
  }

  @Override
  public void scatterAdd(Patches patches, Tensor matrix, Tensor image) {
    windows.scatterAdd(patches, floats(matrix), floats(image));
  }

  @Override
  public void sumRows(Tensor x, Tensor sums) {
    rowSums.computeIfAbsent(x.columns(), RowSums::new).sum(floats(x), x.rows(), bytes(sums));
  }

  @Override
  public void concatenate(Tensor a, Tensor b, Tensor both) {
    rowLoops.concatenate(floats(a), a.columns(), floats(b), b.columns(), floats(both), both.rows());
  }

  @Override
  public void split(Tensor both, Tensor a, Tensor b) {
    rowLoops.split(floats(both), floats(a), a.columns(), floats(b), b.columns(), both.rows());
  }
}
