package dev.ddpm.backend.cuda.driver;

import static org.bytedeco.cuda.global.cudnn.CUDNN_CROSS_CORRELATION;
import static org.bytedeco.cuda.global.cudnn.CUDNN_DATA_BFLOAT16;
import static org.bytedeco.cuda.global.cudnn.CUDNN_DATA_FLOAT;
import static org.bytedeco.cuda.global.cudnn.CUDNN_DETERMINISTIC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_FMA_MATH;
import static org.bytedeco.cuda.global.cudnn.CUDNN_TENSOR_NHWC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_TENSOR_OP_MATH;
import static org.bytedeco.cuda.global.cudnn.cudnnConvolutionBackwardData;
import static org.bytedeco.cuda.global.cudnn.cudnnConvolutionBackwardFilter;
import static org.bytedeco.cuda.global.cudnn.cudnnConvolutionForward;
import static org.bytedeco.cuda.global.cudnn.cudnnCreateConvolutionDescriptor;
import static org.bytedeco.cuda.global.cudnn.cudnnCreateFilterDescriptor;
import static org.bytedeco.cuda.global.cudnn.cudnnCreateTensorDescriptor;
import static org.bytedeco.cuda.global.cudnn.cudnnDestroyConvolutionDescriptor;
import static org.bytedeco.cuda.global.cudnn.cudnnDestroyFilterDescriptor;
import static org.bytedeco.cuda.global.cudnn.cudnnDestroyTensorDescriptor;
import static org.bytedeco.cuda.global.cudnn.cudnnGetConvolutionBackwardDataAlgorithm_v7;
import static org.bytedeco.cuda.global.cudnn.cudnnGetConvolutionBackwardFilterAlgorithm_v7;
import static org.bytedeco.cuda.global.cudnn.cudnnGetConvolutionForwardAlgorithm_v7;
import static org.bytedeco.cuda.global.cudnn.cudnnSetConvolution2dDescriptor;
import static org.bytedeco.cuda.global.cudnn.cudnnSetConvolutionMathType;
import static org.bytedeco.cuda.global.cudnn.cudnnSetFilter4dDescriptor;
import static org.bytedeco.cuda.global.cudnn.cudnnSetTensor4dDescriptor;

import dev.ddpm.backend.cuda.Device;
import dev.ddpm.backend.cuda.Widening;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.bytedeco.cuda.cudnn.cudnnContext;
import org.bytedeco.cuda.cudnn.cudnnConvolutionBwdDataAlgoPerf_t;
import org.bytedeco.cuda.cudnn.cudnnConvolutionBwdFilterAlgoPerf_t;
import org.bytedeco.cuda.cudnn.cudnnConvolutionFwdAlgoPerf_t;
import org.bytedeco.cuda.cudnn.cudnnConvolutionStruct;
import org.bytedeco.cuda.cudnn.cudnnFilterStruct;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;

/**
 * A convolution by cuDNN, with the channels of a pixel beside each other. Of the ways that cuDNN's
 * own table of times proposes for the sizes, the first that gives the same bits every time and
 * needs no more than a fixed amount of memory: nothing is measured, so that equal cards compute
 * equal results.
 *
 * <p>Where cuDNN has no way from bfloat16 to float32, the results are bfloat16 and widened. A way
 * is looked for when it is first used, which therefore cannot be recorded.
 */
@SuppressWarnings("deprecation") // cuDNN 9 prefers its graphs, and keeps these calls
final class DnnConvolution implements Device.Convolution {
  private static final long MOST_WORKSPACE = 1L << 30;

  /** At least as many as cuDNN has ways. */
  private static final int WAYS = 16;

  private static final FloatPointer ONE = new FloatPointer(1f);
  private static final FloatPointer ZERO = new FloatPointer(0f);

  private enum Direction {
    FORWARD,
    INPUT_GRADIENT,
    WEIGHT_GRADIENT
  }

  /** What cuDNN knows of the three arrays. */
  private record Arrays(cudnnTensorStruct x, cudnnFilterStruct weight, cudnnTensorStruct y) {}

  /** What cuDNN proposes. */
  private record Proposal(int algorithm, int status, int determinism, long workspace, int math) {
    boolean suits() {
      return status == 0 && determinism == CUDNN_DETERMINISTIC && workspace <= MOST_WORKSPACE;
    }
  }

  /**
   * How a direction is computed.
   *
   * @param widened whether the results are bfloat16 first
   */
  private record Way(
      int algorithm,
      long workspace,
      cudnnConvolutionStruct convolution,
      Arrays results,
      boolean widened) {}

  private final Card card;
  private final cudnnContext dnn;
  private final Workspace workspace;
  private final Workspace narrow;
  private final KernelModule kernels;
  private final Device.ConvolutionSizes sizes;
  private final Device.Factors factors;
  private final Arrays factorArrays;
  private final DeviceMemory first = new DeviceMemory();
  private final DeviceMemory second = new DeviceMemory();
  private final DeviceMemory result = new DeviceMemory();
  private final DeviceMemory scratch = new DeviceMemory();
  private Way forward;
  private Way inputGradient;
  private Way weightGradient;

  /**
   * A convolution of given sizes.
   *
   * @param workspace memory that cuDNN computes in
   * @param narrow memory for results in bfloat16
   */
  DnnConvolution(
      Card card,
      cudnnContext dnn,
      Workspace workspace,
      Workspace narrow,
      KernelModule kernels,
      Device.ConvolutionSizes sizes,
      Device.Factors factors) {
    this.card = card;
    this.dnn = dnn;
    this.workspace = workspace;
    this.narrow = narrow;
    this.kernels = kernels;
    this.sizes = sizes;
    this.factors = factors;
    card.use();
    this.factorArrays =
        arrays(factors == Device.Factors.BFLOAT16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT);
  }

  private Arrays arrays(int type) {
    return new Arrays(
        tensor(type, sizes.in(), sizes.height(), sizes.width()),
        weights(type),
        tensor(type, sizes.out(), sizes.outHeight(), sizes.outWidth()));
  }

  private cudnnTensorStruct tensor(int type, int channels, int height, int width) {
    cudnnTensorStruct tensor = new cudnnTensorStruct();
    Status.dnn(cudnnCreateTensorDescriptor(tensor), "cudnnCreateTensorDescriptor");
    card.onClose(() -> cudnnDestroyTensorDescriptor(tensor));
    Status.dnn(
        cudnnSetTensor4dDescriptor(
            tensor, CUDNN_TENSOR_NHWC, type, sizes.batch(), channels, height, width),
        "cudnnSetTensor4dDescriptor");
    return tensor;
  }

  private cudnnFilterStruct weights(int type) {
    cudnnFilterStruct weights = new cudnnFilterStruct();
    Status.dnn(cudnnCreateFilterDescriptor(weights), "cudnnCreateFilterDescriptor");
    card.onClose(() -> cudnnDestroyFilterDescriptor(weights));
    Status.dnn(
        cudnnSetFilter4dDescriptor(
            weights, type, CUDNN_TENSOR_NHWC, sizes.out(), sizes.in(), sizes.size(), sizes.size()),
        "cudnnSetFilter4dDescriptor");
    return weights;
  }

  private cudnnConvolutionStruct descriptor() {
    cudnnConvolutionStruct convolution = new cudnnConvolutionStruct();
    Status.dnn(cudnnCreateConvolutionDescriptor(convolution), "cudnnCreateConvolutionDescriptor");
    card.onClose(() -> cudnnDestroyConvolutionDescriptor(convolution));
    Status.dnn(
        cudnnSetConvolution2dDescriptor(
            convolution,
            sizes.padding(),
            sizes.padding(),
            sizes.stride(),
            sizes.stride(),
            1,
            1,
            CUDNN_CROSS_CORRELATION,
            CUDNN_DATA_FLOAT),
        "cudnnSetConvolution2dDescriptor");
    // without this, float32 factors are rounded to TF32
    setMath(convolution, factors == Device.Factors.FLOAT32 ? CUDNN_FMA_MATH : CUDNN_TENSOR_OP_MATH);
    return convolution;
  }

  private static void setMath(cudnnConvolutionStruct convolution, int math) {
    Status.dnn(cudnnSetConvolutionMathType(convolution, math), "cudnnSetConvolutionMathType");
  }

  private Way way(Direction direction) {
    card.use();
    boolean rounded = factors == Device.Factors.BFLOAT16;
    Arrays floats = rounded ? arrays(CUDNN_DATA_FLOAT) : factorArrays;
    return way(direction, floats, false)
        .or(() -> rounded ? way(direction, factorArrays, true) : Optional.empty())
        .orElseThrow(
            () ->
                new IllegalStateException(
                    "cuDNN has no deterministic %s in %s of %s"
                        .formatted(direction, factors, sizes)));
  }

  private Optional<Way> way(Direction direction, Arrays results, boolean widened) {
    cudnnConvolutionStruct convolution = descriptor();
    Optional<Proposal> proposal =
        proposals(direction, convolution, results).stream().filter(Proposal::suits).findFirst();
    if (proposal.isEmpty()) {
      return Optional.empty();
    }
    Proposal best = proposal.get();
    if (factors != Device.Factors.FLOAT32) {
      setMath(convolution, best.math());
    }
    workspace.reserve(best.workspace());
    if (widened) {
      narrow.reserve(Short.BYTES * count(direction));
    }
    return Optional.of(new Way(best.algorithm(), best.workspace(), convolution, results, widened));
  }

  /** In the order of the times that cuDNN expects; none where it knows no way. */
  private List<Proposal> proposals(
      Direction direction, cudnnConvolutionStruct convolution, Arrays results) {
    int[] count = new int[1];
    return switch (direction) {
      case FORWARD -> {
        try (var list = new cudnnConvolutionFwdAlgoPerf_t(WAYS)) {
          cudnnGetConvolutionForwardAlgorithm_v7(
              dnn,
              factorArrays.x(),
              factorArrays.weight(),
              convolution,
              results.y(),
              WAYS,
              count,
              list);
          yield read(
              count[0],
              list,
              c -> new Proposal(c.algo(), c.status(), c.determinism(), c.memory(), c.mathType()));
        }
      }
      case INPUT_GRADIENT -> {
        try (var list = new cudnnConvolutionBwdDataAlgoPerf_t(WAYS)) {
          cudnnGetConvolutionBackwardDataAlgorithm_v7(
              dnn,
              factorArrays.weight(),
              factorArrays.y(),
              convolution,
              results.x(),
              WAYS,
              count,
              list);
          yield read(
              count[0],
              list,
              c -> new Proposal(c.algo(), c.status(), c.determinism(), c.memory(), c.mathType()));
        }
      }
      case WEIGHT_GRADIENT -> {
        try (var list = new cudnnConvolutionBwdFilterAlgoPerf_t(WAYS)) {
          cudnnGetConvolutionBackwardFilterAlgorithm_v7(
              dnn,
              factorArrays.x(),
              factorArrays.y(),
              convolution,
              results.weight(),
              WAYS,
              count,
              list);
          yield read(
              count[0],
              list,
              c -> new Proposal(c.algo(), c.status(), c.determinism(), c.memory(), c.mathType()));
        }
      }
    };
  }

  /** The elements of a list of cuDNN's, which is moved from one to the next. */
  private static <L extends Pointer> List<Proposal> read(
      int count, L list, Function<L, Proposal> current) {
    List<Proposal> proposals = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      list.position(i);
      proposals.add(current.apply(list));
    }
    return proposals;
  }

  /** Values of a direction's result. */
  private long count(Direction direction) {
    return switch (direction) {
      case FORWARD -> (long) sizes.batch() * sizes.outHeight() * sizes.outWidth() * sizes.out();
      case INPUT_GRADIENT -> (long) sizes.batch() * sizes.height() * sizes.width() * sizes.in();
      case WEIGHT_GRADIENT -> (long) sizes.out() * sizes.size() * sizes.size() * sizes.in();
    };
  }

  @Override
  public void forward(long x, long weight, long y) {
    if (forward == null) {
      forward = way(Direction.FORWARD);
    }
    card.use();
    Status.dnn(
        cudnnConvolutionForward(
            dnn,
            ONE,
            factorArrays.x(),
            first.at(x),
            factorArrays.weight(),
            second.at(weight),
            forward.convolution(),
            forward.algorithm(),
            scratch.at(workspace.address()),
            forward.workspace(),
            ZERO,
            forward.results().y(),
            result.at(forward.widened() ? narrow.address() : y)),
        "cudnnConvolutionForward");
    widen(forward, Direction.FORWARD, y);
  }

  @Override
  public void inputGradient(long weight, long dy, long dx) {
    if (inputGradient == null) {
      inputGradient = way(Direction.INPUT_GRADIENT);
    }
    card.use();
    Status.dnn(
        cudnnConvolutionBackwardData(
            dnn,
            ONE,
            factorArrays.weight(),
            first.at(weight),
            factorArrays.y(),
            second.at(dy),
            inputGradient.convolution(),
            inputGradient.algorithm(),
            scratch.at(workspace.address()),
            inputGradient.workspace(),
            ZERO,
            inputGradient.results().x(),
            result.at(inputGradient.widened() ? narrow.address() : dx)),
        "cudnnConvolutionBackwardData");
    widen(inputGradient, Direction.INPUT_GRADIENT, dx);
  }

  @Override
  public void weightGradient(long x, long dy, long gradient) {
    if (weightGradient == null) {
      weightGradient = way(Direction.WEIGHT_GRADIENT);
    }
    card.use();
    Status.dnn(
        cudnnConvolutionBackwardFilter(
            dnn,
            ONE,
            factorArrays.x(),
            first.at(x),
            factorArrays.y(),
            second.at(dy),
            weightGradient.convolution(),
            weightGradient.algorithm(),
            scratch.at(workspace.address()),
            weightGradient.workspace(),
            ZERO,
            weightGradient.results().weight(),
            result.at(weightGradient.widened() ? narrow.address() : gradient)),
        "cudnnConvolutionBackwardFilter");
    widen(weightGradient, Direction.WEIGHT_GRADIENT, gradient);
  }

  private void widen(Way way, Direction direction, long address) {
    if (way.widened()) {
      int count = Math.toIntExact(count(direction));
      Widening.run(kernels::launch, narrow.address(), address, count);
    }
  }
}
