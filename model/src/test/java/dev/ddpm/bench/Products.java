package dev.ddpm.bench;

import dev.ddpm.backend.nd4j.Nd4jNatives;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.CustomOp;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A process that times products of square float32 matrices, the ceiling of everything else: {@code
 * WORKERS SECONDS}. Prints GFLOP/s of all workers together.
 */
public final class Products {
  private static final int SIZE = 2048;

  private Products() {}

  public static void main(String[] args) throws Exception {
    int workers = Integer.parseInt(args[0]);
    double seconds = Double.parseDouble(args[1]);
    Nd4jNatives.select();
    ExecutorService pool = Executors.newFixedThreadPool(workers);
    CyclicBarrier together = new CyclicBarrier(workers);
    List<Future<long[]>> running = new ArrayList<>();
    for (int worker = 0; worker < workers; worker++) {
      running.add(
          pool.submit(
              () -> {
                INDArray a = Nd4j.ones(DataType.FLOAT, SIZE, SIZE);
                INDArray b = Nd4j.ones(DataType.FLOAT, SIZE, SIZE);
                INDArray c = Nd4j.create(DataType.FLOAT, SIZE, SIZE);
                CustomOp product =
                    DynamicCustomOp.builder("matmul").addInputs(a, b).addOutputs(c).build();
                together.await();
                return Stopwatch.time(
                    () -> Nd4j.getExecutioner().exec(product), seconds / 4, seconds);
              }));
    }
    double rate = 0;
    for (Future<long[]> one : running) {
      rate += 2.0 * SIZE * SIZE * SIZE / Stopwatch.median(one.get());
    }
    pool.shutdown();
    System.out.printf(Locale.ROOT, "%.1f%n", rate);
  }
}
