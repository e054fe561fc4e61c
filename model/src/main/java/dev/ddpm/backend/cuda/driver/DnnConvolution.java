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
import dev.ddpm.backend.cuda.WindowedConvolution;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A convolution by cuDNN, with the channels of a pixel beside each other. Of the ways that cuDNN's
 * own table of times proposes for the sizes, the first that gives the same bits every time, needs
 * no more than a fixed amount of memory and is not refused when it is first run: nothing is
 * measured, so that equal cards compute equal results.
 *
 * <p>Where cuDNN has no way from bfloat16 to float32, the results are bfloat16 and widened, and
 * where it has none at all, they are computed by windows. A way is looked for when it is first
 * used, which therefore cannot be recorded.
 */
@SuppressWarnings("deprecation") // cuDNN 9 prefers its graphs, and keeps these calls
final class DnnConvolution implements Device.Convolution {
  private static final long MOST_WORKSPACE = 1L << 30;

  /** At least as many as cuDNN has ways. */
  private static final int WAYS = 16;

  private static final Logger LOG = LoggerFactory.getLogger(DnnConvolution.class);
  private static final FloatPointer ONE = new FloatPointer(1f);
  private static final FloatPointer ZERO = new FloatPointer(0f);

  private enum Direction {
    FORWARD("cudnnConvolutionForward", "result"),
    INPUT_GRADIENT("cudnnConvolutionBackwardData", "input gradient"),
    WEIGHT_GRADIENT("cudnnConvolutionBackwardFilter", "weight gradient");

    private final String call;
    private final String told;

    Direction(String call, String told) {
      this.call = call;
      this.told = told;
    }
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
   * How cuDNN computes a direction.
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

  /** Of the directions that were computed already; empty where cuDNN has none. */
  private final Map<Direction, Optional<Way>> ways = new EnumMap<>(Direction.class);

  private final Device device;
  private WindowedConvolution windows;

  /**
   * A convolution of given sizes.
   *
   * @param workspace memory that cuDNN computes in
   * @param narrow memory for results in bfloat16
   * @param device the card, for what cuDNN cannot compute
   */
  DnnConvolution(
      Card card,
      cudnnContext dnn,
      Workspace workspace,
      Workspace narrow,
      KernelModule kernels,
      Device device,
      Device.ConvolutionSizes sizes,
      Device.Factors factors) {
    this.card = card;
    this.dnn = dnn;
    this.workspace = workspace;
    this.narrow = narrow;
    this.kernels = kernels;
    this.device = device;
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

  /** The first way that cuDNN computes a direction in, which it has done then. */
  private Optional<Way> firstThatRuns(Direction direction, long a, long b, long c) {
    boolean rounded = factors == Device.Factors.BFLOAT16;
    Arrays floats = rounded ? arrays(CUDNN_DATA_FLOAT) : factorArrays;
    return firstThatRuns(direction, floats, false, a, b, c)
        .or(
            () ->
                rounded ? firstThatRuns(direction, factorArrays, true, a, b, c) : Optional.empty());
  }

  private Optional<Way> firstThatRuns(
      Direction direction, Arrays results, boolean widened, long a, long b, long c) {
    cudnnConvolutionStruct convolution = descriptor();
    for (Proposal proposal : proposals(direction, convolution, results)) {
      if (proposal.suits()) {
        Way way =
            new Way(proposal.algorithm(), proposal.workspace(), convolution, results, widened);
        if (factors != Device.Factors.FLOAT32) {
          setMath(convolution, proposal.math());
        }
        workspace.reserve(way.workspace());
        if (widened) {
          narrow.reserve(Short.BYTES * count(direction));
        }
        int status = start(direction, way, a, b, c);
        if (!Status.isNotSupported(status)) {
          Status.dnn(status, direction.call);
          return Optional.of(way);
        }
      }
    }
    return Optional.empty();
  }

  /** In the order of the times that cuDNN expects; none where it knows no way. */
  private List<Proposal> proposals(
      Direction direction, cudnnConvolutionStruct convolution, Arrays results) {
    int[] count = new int[1];
    return switch (direction) {
      case FORWARD -> {
        try (var list = new cudnnConvolutionFwdAlgoPerf_t(WAYS)) {
          int status =
              cudnnGetConvolutionForwardAlgorithm_v7(
                  dnn,
                  factorArrays.x(),
                  factorArrays.weight(),
                  convolution,
                  results.y(),
                  WAYS,
                  count,
                  list);
          Status.unlessRefused(status, "cudnnGetConvolutionForwardAlgorithm_v7");
          yield read(
              count[0],
              list,
              c -> new Proposal(c.algo(), c.status(), c.determinism(), c.memory(), c.mathType()));
        }
      }
      case INPUT_GRADIENT -> {
        try (var list = new cudnnConvolutionBwdDataAlgoPerf_t(WAYS)) {
          int status =
              cudnnGetConvolutionBackwardDataAlgorithm_v7(
                  dnn,
                  factorArrays.weight(),
                  factorArrays.y(),
                  convolution,
                  results.x(),
                  WAYS,
                  count,
                  list);
          Status.unlessRefused(status, "cudnnGetConvolutionBackwardDataAlgorithm_v7");
          yield read(
              count[0],
              list,
              c -> new Proposal(c.algo(), c.status(), c.determinism(), c.memory(), c.mathType()));
        }
      }
      case WEIGHT_GRADIENT -> {
        try (var list = new cudnnConvolutionBwdFilterAlgoPerf_t(WAYS)) {
          int status =
              cudnnGetConvolutionBackwardFilterAlgorithm_v7(
                  dnn,
                  factorArrays.x(),
                  factorArrays.y(),
                  convolution,
                  results.weight(),
                  WAYS,
                  count,
                  list);
          Status.unlessRefused(status, "cudnnGetConvolutionBackwardFilterAlgorithm_v7");
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
    run(Direction.FORWARD, x, weight, y);
  }

  @Override
  public void inputGradient(long weight, long dy, long dx) {
    run(Direction.INPUT_GRADIENT, weight, dy, dx);
  }

  @Override
  public void weightGradient(long x, long dy, long gradient) {
    run(Direction.WEIGHT_GRADIENT, x, dy, gradient);
  }

  private void run(Direction direction, long a, long b, long c) {
    card.use();
    Optional<Way> known = ways.get(direction);
    if (known == null) {
      Optional<Way> found = firstThatRuns(direction, a, b, c);
      ways.put(direction, found);
      if (found.isEmpty()) {
        LOG.info(
            "cuDNN has no deterministic {} of {} in {}: it is computed by windows",
            direction.told,
            sizes,
            factors);
        runByWindows(direction, a, b, c);
      }
    } else if (known.isPresent()) {
      Status.dnn(start(direction, known.get(), a, b, c), direction.call);
    } else {
      runByWindows(direction, a, b, c);
    }
  }

  private void runByWindows(Direction direction, long a, long b, long c) {
    if (windows == null) {
      windows = new WindowedConvolution(device, sizes, factors, this::reserved);
    }
    switch (direction) {
      case FORWARD -> windows.forward(a, b, c);
      case INPUT_GRADIENT -> windows.inputGradient(a, b, c);
      case WEIGHT_GRADIENT -> windows.weightGradient(a, b, c);
    }
  }

  private long reserved(long bytes) {
    workspace.reserve(bytes);
    return workspace.address();
  }

  /** Hands a direction to the card; gives cuDNN's status. */
  private int start(Direction direction, Way way, long a, long b, long c) {
    first.at(a);
    second.at(b);
    result.at(way.widened() ? narrow.address() : c);
    scratch.at(workspace.address());
    int status =
        switch (direction) {
          case FORWARD ->
              cudnnConvolutionForward(
                  dnn,
                  ONE,
                  factorArrays.x(),
                  first,
                  factorArrays.weight(),
                  second,
                  way.convolution(),
                  way.algorithm(),
                  scratch,
                  way.workspace(),
                  ZERO,
                  way.results().y(),
                  result);
          case INPUT_GRADIENT ->
              cudnnConvolutionBackwardData(
                  dnn,
                  ONE,
                  factorArrays.weight(),
                  first,
                  factorArrays.y(),
                  second,
                  way.convolution(),
                  way.algorithm(),
                  scratch,
                  way.workspace(),
                  ZERO,
                  way.results().x(),
                  result);
          case WEIGHT_GRADIENT ->
              cudnnConvolutionBackwardFilter(
                  dnn,
                  ONE,
                  factorArrays.x(),
                  first,
                  factorArrays.y(),
                  second,
                  way.convolution(),
                  way.algorithm(),
                  scratch,
                  way.workspace(),
                  ZERO,
                  way.results().weight(),
                  result);
        };
    if (status == 0 && way.widened()) {
      int count = Math.toIntExact(count(direction));
      Widening.run(kernels::launch, narrow.address(), c, count);
    }
    return status;
  }
}
