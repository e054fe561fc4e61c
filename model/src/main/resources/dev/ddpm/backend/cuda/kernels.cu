// The kernels of the CUDA back end, compiled for the card at hand when the back end starts, without
// any header: so only what the language has, and no type of bfloat16.
//
// Tensors are dense, row-major and float32. Every value is computed by one thread, and sums are
// taken in an order that follows from the sizes alone: no atomics, the same bits in every run. No
// kernel uses dynamic shared memory, and a block has a multiple of 32 threads.
//
// Where four neighbouring values can be read at once they are: the address must then be a multiple
// of 16 bytes, which slices need not be, so each kernel looks first.

namespace {

constexpr unsigned ALL_LANES = 0xffffffffu;
constexpr int WARP = 32;

// Below every finite float32. No header names infinity.
#define MINUS_INFINITY __uint_as_float(0xff800000u)

// Threads of a block of the kernels whose shared memory is made for them.
constexpr int MOST_THREADS = 512;
constexpr int COLUMN_THREADS = 256;
constexpr int TILE = 32;

// So many values that are read and written together.
template <int V>
struct Values {
  float v[V];
};

template <int V>
__device__ Values<V> load(const float* from) {
  Values<V> values;
  if constexpr (V == 4) {
    float4 quad = *reinterpret_cast<const float4*>(from);
    values.v[0] = quad.x;
    values.v[1] = quad.y;
    values.v[2] = quad.z;
    values.v[3] = quad.w;
  } else {
    values.v[0] = *from;
  }
  return values;
}

template <int V>
__device__ void store(float* to, const Values<V>& values) {
  if constexpr (V == 4) {
    *reinterpret_cast<float4*>(to) =
        make_float4(values.v[0], values.v[1], values.v[2], values.v[3]);
  } else {
    *to = values.v[0];
  }
}

__device__ bool aligned(const void* address) {
  return (reinterpret_cast<unsigned long long>(address) & 15) == 0;
}

template <class... Others>
__device__ bool aligned(const void* first, Others... others) {
  return aligned(first) && aligned(others...);
}

// The parts of arrays of `count` values that a thread works on: four values each as far as `quads`
// allows it, then one, the other three being 0. Neighbouring threads have neighbouring parts. Not
// a function of a lambda: at run time CUDA's compiler takes lambdas for functions of the host.
class Parts {
  unsigned thread;
  unsigned threads;
  unsigned count;
  unsigned inQuads;
  bool quad;

 public:
  // Index of the part's first value.
  unsigned i;

  __device__ Parts(int count, bool quads)
      : thread(blockIdx.x * blockDim.x + threadIdx.x),
        threads(gridDim.x * blockDim.x),
        count(count),
        inQuads(quads ? static_cast<unsigned>(count) / 4 * 4 : 0),
        quad(4 * thread < inQuads),
        i(quad ? 4 * thread : inQuads + thread) {}

  __device__ bool more() const { return i < count; }

  __device__ void next() {
    if (!quad) {
      i += threads;
    } else {
      i += 4 * threads;
      if (i >= inQuads) {
        quad = false;
        i = inQuads + thread;
      }
    }
  }

  // How many values the part has.
  __device__ int size() const { return quad ? 4 : 1; }

  __device__ Values<4> load(const float* from) const {
    return quad ? ::load<4>(from) : Values<4>{{*from, 0, 0, 0}};
  }

  __device__ void store(float* to, const Values<4>& values) const {
    if (quad) {
      ::store<4>(to, values);
    } else {
      *to = values.v[0];
    }
  }
};

struct Sum {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a + b;
  }
};

struct Maximum {
  __device__ float operator()(float a, float b) const { return fmaxf(a, b); }
};

// Of the values of a warp's lanes, pair by pair; every lane gets the same.
template <class T, class Combine>
__device__ T overWarp(T value, Combine combine) {
  for (int distance = WARP / 2; distance > 0; distance /= 2) {
    value = combine(value, __shfl_xor_sync(ALL_LANES, value, distance));
  }
  return value;
}

// Of the values of a block's threads: first over each warp, then over the warps one by one.
template <class T, class Combine>
__device__ T overBlock(T value, Combine combine) {
  __shared__ T ofWarps[MOST_THREADS / WARP];
  value = overWarp(value, combine);
  if (threadIdx.x % WARP == 0) {
    ofWarps[threadIdx.x / WARP] = value;
  }
  __syncthreads();
  T total = ofWarps[0];
  for (int warp = 1; warp < static_cast<int>(blockDim.x) / WARP; warp++) {
    total = combine(total, ofWarps[warp]);
  }
  __syncthreads();
  return total;
}

__device__ float sigmoid(float x) {
  return 1 / (1 + expf(-x));
}

// The derivative of x · sigmoid(x).
__device__ float swishSlope(float x) {
  float s = sigmoid(x);
  return x * s * (1 - s) + s;
}

}  // namespace

// ---- value by value -----------------------------------------------------------------------------
// Any grid of one dimension: its threads share the values.

// y = x · sigmoid(x).
extern "C" __global__ void swish(const float* x, float* y, int count) {
  for (Parts part(count, aligned(x, y)); part.more(); part.next()) {
    unsigned i = part.i;
    Values<4> values = part.load(x + i);
    for (int k = 0; k < 4; k++) {
      values.v[k] = values.v[k] / (1 + expf(-values.v[k]));
    }
    part.store(y + i, values);
  }
}

// dx = dy · swish'(x).
extern "C" __global__ void swishBackward(const float* x, const float* dy, float* dx, int count) {
  for (Parts part(count, aligned(x, dy, dx)); part.more(); part.next()) {
    unsigned i = part.i;
    Values<4> values = part.load(x + i);
    Values<4> gradient = part.load(dy + i);
    for (int k = 0; k < 4; k++) {
      gradient.v[k] *= swishSlope(values.v[k]);
    }
    part.store(dx + i, gradient);
  }
}

// y += x.
extern "C" __global__ void add(const float* x, float* y, int count) {
  for (Parts part(count, aligned(x, y)); part.more(); part.next()) {
    unsigned i = part.i;
    Values<4> values = part.load(x + i);
    Values<4> sum = part.load(y + i);
    for (int k = 0; k < 4; k++) {
      sum.v[k] += values.v[k];
    }
    part.store(y + i, sum);
  }
}

// y -= x.
extern "C" __global__ void subtract(const float* x, float* y, int count) {
  for (Parts part(count, aligned(x, y)); part.more(); part.next()) {
    unsigned i = part.i;
    Values<4> values = part.load(x + i);
    Values<4> difference = part.load(y + i);
    for (int k = 0; k < 4; k++) {
      difference.v[k] -= values.v[k];
    }
    part.store(y + i, difference);
  }
}

// y += a · b.
extern "C" __global__ void addProduct(const float* a, const float* b, float* y, int count) {
  for (Parts part(count, aligned(a, b, y)); part.more(); part.next()) {
    unsigned i = part.i;
    Values<4> first = part.load(a + i);
    Values<4> second = part.load(b + i);
    Values<4> sum = part.load(y + i);
    for (int k = 0; k < 4; k++) {
      sum.v[k] = __fadd_rn(sum.v[k], __fmul_rn(first.v[k], second.v[k]));
    }
    part.store(y + i, sum);
  }
}

// y[r, c] += vector[c] for a matrix of count / columns rows.
extern "C" __global__ void addToRows(const float* vector, float* y, int count, int columns) {
  for (Parts part(count, columns % 4 == 0 && aligned(vector, y)); part.more(); part.next()) {
    unsigned i = part.i;
    Values<4> values = part.load(vector + i % columns);
    Values<4> sum = part.load(y + i);
    for (int k = 0; k < 4; k++) {
      sum.v[k] += values.v[k];
    }
    part.store(y + i, sum);
  }
}

// y[r, c] *= factors[r].
extern "C" __global__ void scaleRows(const float* factors, float* y, int count, int columns) {
  for (Parts part(count, columns % 4 == 0 && aligned(y)); part.more(); part.next()) {
    unsigned i = part.i;
    float factor = factors[i / columns];
    Values<4> values = part.load(y + i);
    for (int k = 0; k < 4; k++) {
      values.v[k] *= factor;
    }
    part.store(y + i, values);
  }
}

// gathered[r, c] = x[rows[r], c], gathered having `count` values.
extern "C" __global__ void gatherRows(
    const float* x, const int* rows, float* gathered, int count, int columns) {
  for (Parts part(count, columns % 4 == 0 && aligned(x, gathered)); part.more(); part.next()) {
    unsigned i = part.i;
    unsigned row = rows[i / columns];
    part.store(gathered + i, part.load(x + (row * columns + i % columns)));
  }
}

// y[rows[r], c] += values[r, c], values having `count` values; no row is named twice.
extern "C" __global__ void addToChosenRows(
    const float* values, const int* rows, float* y, int count, int columns) {
  for (Parts part(count, columns % 4 == 0 && aligned(values, y)); part.more(); part.next()) {
    unsigned i = part.i;
    unsigned row = rows[i / columns];
    unsigned at = row * columns + i % columns;
    Values<4> more = part.load(values + i);
    Values<4> sum = part.load(y + at);
    for (int k = 0; k < 4; k++) {
      sum.v[k] += more.v[k];
    }
    part.store(y + at, sum);
  }
}

// gathered[r, c] = x[rows[r], c], the numbers of rows being float32.
extern "C" __global__ void gatherNumberedRows(
    const float* x, const float* rows, float* gathered, int count, int columns) {
  for (Parts part(count, columns % 4 == 0 && aligned(x, gathered)); part.more(); part.next()) {
    unsigned i = part.i;
    unsigned row = static_cast<unsigned>(rows[i / columns]);
    part.store(gathered + i, part.load(x + (row * columns + i % columns)));
  }
}

// y[rows[r], c] += values[r, c], the numbers of rows being float32, some of them the same: a thread
// per column, or per four, takes `count` rows one after the other.
extern "C" __global__ void addToNumberedRows(
    const float* values, const float* rows, float* y, int count, int columns) {
  for (Parts part(columns, columns % 4 == 0 && aligned(values, y)); part.more(); part.next()) {
    unsigned column = part.i;
    for (int r = 0; r < count; r++) {
      unsigned at = static_cast<unsigned>(rows[r]) * columns + column;
      Values<4> more = part.load(values + (static_cast<unsigned>(r) * columns + column));
      Values<4> sum = part.load(y + at);
      for (int k = 0; k < 4; k++) {
        sum.v[k] += more.v[k];
      }
      part.store(y + at, sum);
    }
  }
}

// y = the encodings of timesteps, one per row: sin(t · f) and cos(t · f) for `half` frequencies,
// the products being float32. `count` values in all.
extern "C" __global__ void encode(
    const float* timesteps,
    const float* frequencies,
    float* y,
    int count,
    int half,
    int cosinesFirst) {
  for (Parts part(count, false); part.more(); part.next()) {
    unsigned i = part.i;
    int column = i % (2 * half);
    bool cosine = (column < half) == (cosinesFirst != 0);
    double argument = __fmul_rn(timesteps[i / (2 * half)], frequencies[column % half]);
    y[i] = static_cast<float>(cosine ? cos(argument) : sin(argument));
  }
}

// Writes each row of a, of `left` values, followed by that of b, of `right`; `count` values in all.
extern "C" __global__ void concatenate(
    const float* a, const float* b, float* both, int count, int left, int right) {
  bool quads = left % 4 == 0 && right % 4 == 0 && aligned(a, b, both);
  for (Parts part(count, quads); part.more(); part.next()) {
    unsigned i = part.i;
    unsigned row = i / (left + right);
    unsigned column = i % (left + right);
    const float* from =
        column < static_cast<unsigned>(left)
            ? a + (row * left + column)
            : b + (row * right + column - left);
    part.store(both + i, part.load(from));
  }
}

// The inverse of `concatenate`.
extern "C" __global__ void split(
    const float* both, float* a, float* b, int count, int left, int right) {
  bool quads = left % 4 == 0 && right % 4 == 0 && aligned(a, b, both);
  for (Parts part(count, quads); part.more(); part.next()) {
    unsigned i = part.i;
    unsigned row = i / (left + right);
    unsigned column = i % (left + right);
    float* to =
        column < static_cast<unsigned>(left)
            ? a + (row * left + column)
            : b + (row * right + column - left);
    part.store(to, part.load(both + i));
  }
}

// Turns a gradient into Adam's update, in place, and updates its moments. Each operation is rounded
// by itself, as on the CPU.
extern "C" __global__ void adam(
    float* gradient,
    float* m,
    float* v,
    int count,
    float beta1,
    float rest1,
    float beta2,
    float rest2,
    float rootCorrection,
    float epsilon,
    float stepSize) {
  for (Parts part(count, aligned(gradient, m, v)); part.more(); part.next()) {
    unsigned i = part.i;
    Values<4> update = part.load(gradient + i);
    Values<4> mean = part.load(m + i);
    Values<4> square = part.load(v + i);
    for (int k = 0; k < 4; k++) {
      float g = update.v[k];
      mean.v[k] = __fadd_rn(__fmul_rn(mean.v[k], beta1), __fmul_rn(g, rest1));
      square.v[k] = __fadd_rn(__fmul_rn(square.v[k], beta2), __fmul_rn(__fmul_rn(g, g), rest2));
      float denominator = __fadd_rn(__fmul_rn(sqrtf(square.v[k]), rootCorrection), epsilon);
      update.v[k] = __fmul_rn(mean.v[k] / denominator, stepSize);
    }
    part.store(gradient + i, update);
    part.store(m + i, mean);
    part.store(v + i, square);
  }
}

// y = x, rounded to the nearest bfloat16, ties to even; what is no number stays none.
extern "C" __global__ void roundToBfloat16(const float* x, unsigned short* y, int count) {
  for (Parts part(count, aligned(x, y)); part.more(); part.next()) {
    unsigned i = part.i;
    Values<4> values = part.load(x + i);
    unsigned short rounded[4];
    for (int k = 0; k < 4; k++) {
      unsigned bits = __float_as_uint(values.v[k]);
      bool number = (bits & 0x7fffffffu) <= 0x7f800000u;
      unsigned nearest = (bits + 0x7fffu + (bits >> 16 & 1)) >> 16;
      rounded[k] = static_cast<unsigned short>(number ? nearest : bits >> 16 | 0x40u);
    }
    if (part.size() == 4) {
      *reinterpret_cast<ushort4*>(y + i) =
          make_ushort4(rounded[0], rounded[1], rounded[2], rounded[3]);
    } else {
      y[i] = rounded[0];
    }
  }
}

// y = x, which is bfloat16.
extern "C" __global__ void widenBfloat16(const unsigned short* x, float* y, int count) {
  for (Parts part(count, false); part.more(); part.next()) {
    y[part.i] = __uint_as_float(static_cast<unsigned>(x[part.i]) << 16);
  }
}

// ---- images -------------------------------------------------------------------------------------
// Any grid of one dimension, as above.

// Adds a row of zeros below and a column of zeros right of images: y is (batch, height + 1,
// width + 1, channels), of `count` values.
extern "C" __global__ void padEnd(
    const float* x, float* y, int count, int height, int width, int channels) {
  for (Parts part(count, channels % 4 == 0 && aligned(x, y)); part.more(); part.next()) {
    unsigned i = part.i;
    unsigned pixel = i / channels;
    int column = pixel % (width + 1);
    int row = pixel / (width + 1) % (height + 1);
    unsigned image = pixel / (width + 1) / (height + 1);
    Values<4> values = {};
    if (row < height && column < width) {
      values = part.load(x + (((image * height + row) * width + column) * channels + i % channels));
    }
    part.store(y + i, values);
  }
}

// The transpose of `padEnd`: takes the images, (batch, height, width, channels) of `count` values,
// out of the padded ones.
extern "C" __global__ void cropEnd(
    const float* padded, float* images, int count, int height, int width, int channels) {
  for (Parts part(count, channels % 4 == 0 && aligned(padded, images)); part.more(); part.next()) {
    unsigned i = part.i;
    unsigned pixel = i / channels;
    unsigned column = pixel % width;
    unsigned row = pixel / width % height;
    unsigned image = pixel / width / height;
    unsigned from = (image * (height + 1) + row) * (width + 1) + column;
    part.store(images + i, part.load(padded + (from * channels + i % channels)));
  }
}

// Writes the windows of images, (batch, height, width, channels), as rows of a matrix of `count`
// values: (batch · down · across, size · size · channels). Outside of the image is 0, and the first
// window begins `padding` rows and columns there.
extern "C" __global__ void gatherWindows(
    const float* image,
    float* matrix,
    int count,
    int height,
    int width,
    int channels,
    int size,
    int stride,
    int padding,
    int down,
    int across) {
  for (Parts part(count, channels % 4 == 0 && aligned(image, matrix)); part.more(); part.next()) {
    unsigned i = part.i;
    unsigned channel = i % channels;
    unsigned tap = i / channels % (size * size);
    unsigned window = i / channels / (size * size);
    int row = static_cast<int>(window / across % down * stride + tap / size) - padding;
    int column = static_cast<int>(window % across * stride + tap % size) - padding;
    Values<4> pixel = {};
    if (row >= 0 && row < height && column >= 0 && column < width) {
      unsigned at = (window / across / down * height + row) * width + column;
      pixel = part.load(image + (at * channels + channel));
    }
    part.store(matrix + i, pixel);
  }
}

// The transpose of `gatherWindows`: adds to every pixel of the images, of `count` values, what the
// windows that it lies in have there, tap by tap in their order.
extern "C" __global__ void scatterAddWindows(
    const float* matrix,
    float* image,
    int count,
    int height,
    int width,
    int channels,
    int size,
    int stride,
    int padding,
    int down,
    int across) {
  for (Parts part(count, channels % 4 == 0 && aligned(image, matrix)); part.more(); part.next()) {
    unsigned i = part.i;
    unsigned channel = i % channels;
    int column = i / channels % width;
    int row = i / channels / width % height;
    unsigned batch = i / channels / width / height;
    Values<4> sum = part.load(image + i);
    for (int tap = 0; tap < size * size; tap++) {
      int top = row + padding - tap / size;
      int left = column + padding - tap % size;
      if (top >= 0 && top % stride == 0 && top / stride < down && left >= 0 && left % stride == 0
          && left / stride < across) {
        unsigned window = (batch * down + top / stride) * across + left / stride;
        Values<4> more = part.load(matrix + ((window * size * size + tap) * channels + channel));
        for (int k = 0; k < 4; k++) {
          sum.v[k] += more.v[k];
        }
      }
    }
    part.store(image + i, sum);
  }
}

// ---- matrices -----------------------------------------------------------------------------------

// y (columns, rows) = x (rows, columns) transposed: weights (3, 3, in, out) to (out, 3, 3, in),
// with 3 · 3 · in rows, and gradients back. Grid: ceil(columns / 32) × ceil(rows / 32) blocks of 256
// threads, each with a tile that passes through shared memory, so that rows are read and written as
// such. The tile's odd width keeps its columns in different banks.
extern "C" __global__ void transpose(const float* x, float* y, int rows, int columns) {
  __shared__ float tile[TILE][TILE + 1];
  int across = threadIdx.x % TILE;
  int down = threadIdx.x / TILE;
  int left = blockIdx.x * TILE;
  int top = blockIdx.y * TILE;
  for (int k = down; k < TILE; k += blockDim.x / TILE) {
    if (top + k < rows && left + across < columns) {
      tile[k][across] = x[static_cast<long long>(top + k) * columns + left + across];
    }
  }
  __syncthreads();
  for (int k = down; k < TILE; k += blockDim.x / TILE) {
    if (left + k < columns && top + across < rows) {
      y[static_cast<long long>(left + k) * rows + top + across] = tile[across][k];
    }
  }
}

namespace {

// A row of up to 32 · PER_LANE values in the registers of a warp: its softmax, in place.
template <int PER_LANE>
__device__ void softmaxOfWarp(float* row, int columns) {
  int lane = threadIdx.x % WARP;
  float values[PER_LANE];
  float largest = MINUS_INFINITY;
  for (int k = 0; k < PER_LANE; k++) {
    int column = k * WARP + lane;
    values[k] = column < columns ? row[column] : MINUS_INFINITY;
    largest = fmaxf(largest, values[k]);
  }
  largest = overWarp(largest, Maximum());
  float total = 0;
  for (int k = 0; k < PER_LANE; k++) {
    values[k] = k * WARP + lane < columns ? expf(values[k] - largest) : 0;
    total += values[k];
  }
  float factor = 1 / overWarp(total, Sum());
  for (int k = 0; k < PER_LANE; k++) {
    int column = k * WARP + lane;
    if (column < columns) {
      row[column] = values[k] * factor;
    }
  }
}

template <int PER_LANE>
__device__ void softmaxGradientOfWarp(const float* y, float* gradient, int columns) {
  int lane = threadIdx.x % WARP;
  float results[PER_LANE];
  float values[PER_LANE];
  float projection = 0;
  for (int k = 0; k < PER_LANE; k++) {
    int column = k * WARP + lane;
    results[k] = column < columns ? y[column] : 0;
    values[k] = column < columns ? gradient[column] : 0;
    projection += results[k] * values[k];
  }
  projection = overWarp(projection, Sum());
  for (int k = 0; k < PER_LANE; k++) {
    int column = k * WARP + lane;
    if (column < columns) {
      gradient[column] = (values[k] - projection) * results[k];
    }
  }
}

}  // namespace

// Replaces each row of x (rows, columns), of at most 1024 columns, by its softmax: a warp per row,
// which it reads once; any number of warps per block, ceil(rows / warps) blocks. A lane sums up
// every 32nd value, then the lanes pair by pair. A row with NaN or +inf becomes NaN.
extern "C" __global__ void softmax(float* x, int rows, int columns) {
  int row = blockIdx.x * (blockDim.x / WARP) + threadIdx.x / WARP;
  if (row >= rows) {
    return;
  }
  float* values = x + static_cast<long long>(row) * columns;
  if (columns <= 2 * WARP) {
    softmaxOfWarp<2>(values, columns);
  } else if (columns <= 8 * WARP) {
    softmaxOfWarp<8>(values, columns);
  } else {
    softmaxOfWarp<32>(values, columns);
  }
}

// Replaces the gradient of each row's softmax y by that of the row; otherwise as `softmax`.
extern "C" __global__ void softmaxBackward(
    const float* y, float* gradient, int rows, int columns) {
  int row = blockIdx.x * (blockDim.x / WARP) + threadIdx.x / WARP;
  if (row >= rows) {
    return;
  }
  long long at = static_cast<long long>(row) * columns;
  if (columns <= 2 * WARP) {
    softmaxGradientOfWarp<2>(y + at, gradient + at, columns);
  } else if (columns <= 8 * WARP) {
    softmaxGradientOfWarp<8>(y + at, gradient + at, columns);
  } else {
    softmaxGradientOfWarp<32>(y + at, gradient + at, columns);
  }
}

// The softmax of rows of any length: a block per row, of up to 512 threads, each with every
// blockDim-th value; sums as `overBlock` says.
extern "C" __global__ void softmaxOfLongRows(float* x, int columns) {
  float* row = x + static_cast<long long>(blockIdx.x) * columns;
  float largest = MINUS_INFINITY;
  for (int column = threadIdx.x; column < columns; column += blockDim.x) {
    largest = fmaxf(largest, row[column]);
  }
  largest = overBlock(largest, Maximum());
  float total = 0;
  for (int column = threadIdx.x; column < columns; column += blockDim.x) {
    float value = expf(row[column] - largest);
    row[column] = value;
    total += value;
  }
  float factor = 1 / overBlock(total, Sum());
  for (int column = threadIdx.x; column < columns; column += blockDim.x) {
    row[column] *= factor;
  }
}

// `softmaxBackward` for rows of any length; otherwise as `softmaxOfLongRows`.
extern "C" __global__ void softmaxBackwardOfLongRows(const float* y, float* gradient, int columns) {
  const float* results = y + static_cast<long long>(blockIdx.x) * columns;
  float* row = gradient + static_cast<long long>(blockIdx.x) * columns;
  float projection = 0;
  for (int column = threadIdx.x; column < columns; column += blockDim.x) {
    projection += results[column] * row[column];
  }
  projection = overBlock(projection, Sum());
  for (int column = threadIdx.x; column < columns; column += blockDim.x) {
    row[column] = (row[column] - projection) * results[column];
  }
}

// ---- sums ---------------------------------------------------------------------------------------

namespace {

// Adds up Q values of the threads of a block which have the same lane: thread (row, lane) is row ·
// lanes + lane, and those past the last whole row have none. Halves by halves; the totals stand at
// sums[q][lane] when all threads have returned.
template <int Q, int THREADS, class T>
__device__ void overRowsOfBlock(T (*sums)[THREADS], const T (&mine)[Q], int lanes, int rows) {
  int row = threadIdx.x / lanes;
  for (int q = 0; q < Q; q++) {
    sums[q][threadIdx.x] = mine[q];
  }
  __syncthreads();
  for (int left = rows; left > 1; left = (left + 1) / 2) {
    int half = (left + 1) / 2;
    if (row + half < left) {
      for (int q = 0; q < Q; q++) {
        sums[q][threadIdx.x] += sums[q][threadIdx.x + half * lanes];
      }
    }
    __syncthreads();
  }
}

// out[c] = the sum over rows [first, end) of x (·, columns), for `lanes` columns from blockIdx.x ·
// lanes on. A thread takes every (256 / lanes)-th row, then the threads halves by halves, all in
// float64.
template <class From, class To>
__device__ void sumColumns(
    const From* x, To* out, int first, int end, int columns, int lanes) {
  __shared__ double sums[1][COLUMN_THREADS];
  int lane = threadIdx.x % lanes;
  int rows = COLUMN_THREADS / lanes;
  int column = blockIdx.x * lanes + lane;
  double sum[1] = {0};
  if (column < columns) {
    for (int row = first + static_cast<int>(threadIdx.x) / lanes; row < end; row += rows) {
      sum[0] += x[static_cast<long long>(row) * columns + column];
    }
  }
  overRowsOfBlock(sums, sum, lanes, rows);
  if (threadIdx.x < static_cast<unsigned>(lanes) && column < columns) {
    out[column] = static_cast<To>(sums[0][lane]);
  }
}

}  // namespace

// sums[c] = the sum over the rows of x (rows, columns). Grid: ceil(columns / lanes) blocks of 256
// threads, lanes being a power of two up to 32; sums as `sumColumns` says.
extern "C" __global__ void sumRows(const float* x, float* sums, int rows, int columns, int lanes) {
  sumColumns(x, sums, 0, rows, columns, lanes);
}

// sums[part, c] = the same over a part of the rows: rowsPerPart of them, from row part ·
// rowsPerPart on. As many parts as the grid has blocks in its second dimension.
extern "C" __global__ void sumPartsOfRows(
    const float* x, double* sums, int rows, int columns, int lanes, int rowsPerPart) {
  int first = blockIdx.y * rowsPerPart;
  int end = min(rows, first + rowsPerPart);
  double* ofPart = sums + static_cast<long long>(blockIdx.y) * columns;
  sumColumns(x, ofPart, first, end, columns, lanes);
}

// sums[c] = the sum over the parts of what `sumPartsOfRows` has left; otherwise as `sumRows`.
extern "C" __global__ void sumParts(
    const double* x, float* sums, int parts, int columns, int lanes) {
  sumColumns(x, sums, 0, parts, columns, lanes);
}

// gradient = factor · (prediction − target), and per block the sum of the squared differences in
// float64. Any grid of one dimension; a thread sums up what it computes, then as `overBlock` says.
extern "C" __global__ void squaredErrors(
    const float* prediction,
    const float* target,
    float* gradient,
    double* sums,
    int count,
    float factor) {
  double sum = 0;
  for (Parts part(count, aligned(prediction, target, gradient)); part.more(); part.next()) {
    unsigned i = part.i;
    Values<4> values = part.load(prediction + i);
    Values<4> wanted = part.load(target + i);
    for (int k = 0; k < 4; k++) {
      float difference = values.v[k] - wanted.v[k];
      sum += static_cast<double>(difference) * difference;
      values.v[k] = difference * factor;
    }
    part.store(gradient + i, values);
  }
  sum = overBlock(sum, Sum());
  if (threadIdx.x == 0) {
    sums[blockIdx.x] = sum;
  }
}

// Per block the sum of the squares of x in float64; otherwise as `squaredErrors`.
extern "C" __global__ void squares(const float* x, double* sums, int count) {
  double sum = 0;
  for (Parts part(count, aligned(x)); part.more(); part.next()) {
    unsigned i = part.i;
    Values<4> values = part.load(x + i);
    for (int k = 0; k < 4; k++) {
      sum += static_cast<double>(values.v[k]) * values.v[k];
    }
  }
  sum = overBlock(sum, Sum());
  if (threadIdx.x == 0) {
    sums[blockIdx.x] = sum;
  }
}

// Scales x, the sum of whose squares is squares[0], to a norm of `longest` if it is longer. Any
// grid of one dimension.
extern "C" __global__ void clip(float* x, int count, const double* squares, double longest) {
  double norm = sqrt(squares[0]);
  if (!(norm > longest)) {
    return;
  }
  float factor = static_cast<float>(longest / norm);
  for (Parts part(count, aligned(x)); part.more(); part.next()) {
    unsigned i = part.i;
    Values<4> values = part.load(x + i);
    for (int k = 0; k < 4; k++) {
      values.v[k] *= factor;
    }
    part.store(x + i, values);
  }
}

// result[0] = factor · the sum of `count` float64 values. One block; a thread takes every
// blockDim-th of them, then as `overBlock` says.
extern "C" __global__ void total(const double* values, int count, double factor, double* result) {
  double sum = 0;
  for (int i = threadIdx.x; i < count; i += blockDim.x) {
    sum += values[i];
  }
  sum = overBlock(sum, Sum());
  if (threadIdx.x == 0) {
    result[0] = factor * sum;
  }
}

// ---- noise --------------------------------------------------------------------------------------
// The numbers of dev.ddpm.random.CounterRandom, to the bit.

namespace {

// A float64 whose operations are rounded one by one, as a JVM does it: CUDA's compiler would fuse a
// product with the sum that it goes into.
struct Rounded {
  double value;

  __device__ Rounded(double value) : value(value) {}
};

__device__ Rounded operator+(Rounded a, Rounded b) {
  return __dadd_rn(a.value, b.value);
}

__device__ Rounded operator-(Rounded a, Rounded b) {
  return __dsub_rn(a.value, b.value);
}

__device__ Rounded operator*(Rounded a, Rounded b) {
  return __dmul_rn(a.value, b.value);
}

__device__ Rounded operator/(Rounded a, Rounded b) {
  return __ddiv_rn(a.value, b.value);
}

// The natural logarithm of a normal number in (0, 1/2), as Java's StrictMath has it, which is that of
// fdlibm's e_log.c:
//
// Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved.
// Developed at SunSoft, a Sun Microsystems, Inc. business. Permission to use, copy, modify, and
// distribute this software is freely granted, provided that this notice is preserved.
//
// x is 2^k · (1 + f) with 1 + f between √½ and √2. Its exponent being negative, k is never 0.
__device__ Rounded logarithm(double x) {
  const Rounded ln2High = 6.93147180369123816490e-01;
  const Rounded ln2Low = 1.90821492927058770002e-10;
  long long bits = __double_as_longlong(x);
  int high = static_cast<int>(bits >> 32);
  int exponent = (high >> 20) - 1023;
  high &= 0xfffff;
  int halved = (high + 0x95f64) & 0x100000;
  exponent += halved >> 20;
  long long significand = static_cast<long long>(high | (halved ^ 0x3ff00000)) << 32;
  Rounded f = Rounded(__longlong_as_double(significand | (bits & 0xffffffffll))) - 1;
  Rounded k = exponent;
  if ((0xfffff & (2 + high)) < 3) {
    // |f| < 2^−20
    Rounded r = f * f * (Rounded(0.5) - Rounded(0.33333333333333333) * f);
    return k * ln2High - ((r - k * ln2Low) - f);
  }
  Rounded s = f / (Rounded(2) + f);
  Rounded z = s * s;
  Rounded w = z * z;
  Rounded even =
      w * (Rounded(3.999999999940941908e-01)
           + w * (Rounded(2.222219843214978396e-01) + w * 1.531383769920937332e-01));
  Rounded odd =
      z * (Rounded(6.666666666666735130e-01)
           + w * (Rounded(2.857142874366239149e-01)
                  + w * (Rounded(1.818357216161805012e-01) + w * 1.479819860511658591e-01)));
  Rounded r = odd + even;
  if (((high - 0x6147a) | (0x6b851 - high)) > 0) {
    Rounded half = Rounded(0.5) * f * f;
    return k * ln2High - ((half - (s * (half + r) + k * ln2Low)) - f);
  }
  return k * ln2High - ((s * (f - r) - k * ln2Low) - f);
}

// c[0]·r^7 + … + c[7] by Horner's rule.
__device__ Rounded polynomial(Rounded r, const double (&c)[8]) {
  Rounded value = c[0];
  for (int i = 1; i < 8; i++) {
    value = value * r + c[i];
  }
  return value;
}

__device__ Rounded ratio(Rounded r, const double (&above)[8], const double (&below)[8]) {
  return polynomial(r, above) / polynomial(r, below);
}

// The normal quantile of (word + 1/2) / 2^32: see dev.ddpm.random.NormalQuantile.
__device__ float normal(unsigned word) {
  Rounded offset = (Rounded(word) + 0.5) * 0x1p-32 - 0.5;
  double distance = fabs(offset.value);
  if (distance <= 0.425) {
    const double above[] = {
        2509.0809287301227,
        33430.57558358813,
        67265.7709270087,
        45921.95393154987,
        13731.69376550946,
        1971.5909503065513,
        133.14166789178438,
        3.3871328727963665};
    const double below[] = {
        5226.495278852546,
        28729.085735721943,
        39307.89580009271,
        21213.794301586597,
        5394.196021424751,
        687.1870074920579,
        42.31333070160091,
        1};
    Rounded r = Rounded(0.180625) - offset * offset;
    return static_cast<float>((offset * ratio(r, above, below)).value);
  }
  // at most 4.79, the tail being at least 2^−33: the formula for those above 5 is not needed
  Rounded r = __dsqrt_rn(-logarithm(__dsub_rn(0.5, distance)).value);
  const double above[] = {
      0.0007745450142783414,
      0.022723844989269184,
      0.2417807251774506,
      1.2704582524523684,
      3.6478483247632045,
      5.769497221460691,
      4.630337846156546,
      1.4234371107496835};
  const double below[] = {
      1.0507500716444169e-09,
      0.0005475938084995345,
      0.015198666563616457,
      0.14810397642748008,
      0.6897673349851,
      1.6763848301838038,
      2.053191626637759,
      1};
  Rounded magnitude = ratio(r - 1.6, above, below);
  return static_cast<float>(offset.value < 0 ? -magnitude.value : magnitude.value);
}

// Philox4x32-10: replaces a counter of four words by its block under a key.
__device__ void philox(unsigned (&words)[4], unsigned long long key) {
  unsigned low = static_cast<unsigned>(key);
  unsigned high = static_cast<unsigned>(key >> 32);
  for (int round = 0; round < 10; round++) {
    unsigned long long first = 0xD2511F53ull * words[0];
    unsigned long long second = 0xCD9E8D57ull * words[2];
    words[0] = static_cast<unsigned>(second >> 32) ^ words[1] ^ low;
    words[2] = static_cast<unsigned>(first >> 32) ^ words[3] ^ high;
    words[1] = static_cast<unsigned>(second);
    words[3] = static_cast<unsigned>(first);
    low += 0x9E3779B9u;
    high += 0xBB67AE85u;
  }
}

// The parts of images of `size` values whose noise is one block of Philox: four values, fewer at
// the end of an image. Any grid of one dimension.
class NoiseParts {
  unsigned perImage;
  unsigned part;
  unsigned parts;
  unsigned threads;
  int size;

 public:
  __device__ NoiseParts(int images, int size)
      : perImage((size - 1) / 4 + 1),
        part(blockIdx.x * blockDim.x + threadIdx.x),
        parts(images * perImage),
        threads(gridDim.x * blockDim.x),
        size(size) {}

  __device__ bool more() const { return part < parts; }

  __device__ void next() { part += threads; }

  __device__ unsigned image() const { return part / perImage; }

  // The first of the values, counted from the image's first.
  __device__ int first() const { return part % perImage * 4; }

  // How many they are.
  __device__ int count() const { return min(4, size - first()); }

  // Standard normal numbers for them.
  __device__ Values<4> noise(
      int stream, int step, unsigned long long index, unsigned long long seed) const {
    unsigned words[4] = {
        static_cast<unsigned>(stream) << 28 | part % perImage,
        static_cast<unsigned>(step),
        static_cast<unsigned>(index),
        static_cast<unsigned>(index >> 32)};
    philox(words, seed);
    Values<4> values;
    for (int k = 0; k < 4; k++) {
      values.v[k] = normal(words[k]);
    }
    return values;
  }
};

// a · x + b · y, each operation rounded by itself, as on the CPU.
__device__ float combined(float a, float x, float b, float y) {
  return __fadd_rn(__fmul_rn(a, x), __fmul_rn(b, y));
}

}  // namespace

// y (images, size) = standard normal noise for images of consecutive indices.
extern "C" __global__ void gaussian(
    float* y, int images, int size, long long seed, int stream, long long firstIndex, int step) {
  for (NoiseParts part(images, size); part.more(); part.next()) {
    Values<4> noise = part.noise(stream, step, firstIndex + part.image(), seed);
    float* to = y + (static_cast<long long>(part.image()) * size + part.first());
    for (int k = 0; k < part.count(); k++) {
      to[k] = noise.v[k];
    }
  }
}

// Makes of levels (images, size) what a network is trained on: x_t and its target. Of each image 8
// words are known: the low and the high word of its id, its use, whether it is mirrored, and as
// float32 the factors of the clean image and of the noise in x_t, then the same two of the target.
// Every image has `size / (width · channels)` rows.
extern "C" __global__ void noiseImages(
    const unsigned char* levels,
    const unsigned* drawn,
    float* xt,
    float* target,
    int images,
    int size,
    int width,
    int channels,
    float zeroLevel,
    float levelsPerUnit,
    long long seed,
    int stream) {
  for (NoiseParts part(images, size); part.more(); part.next()) {
    const unsigned* words = drawn + 8 * part.image();
    unsigned long long id = static_cast<unsigned long long>(words[1]) << 32 | words[0];
    Values<4> noise = part.noise(stream, words[2], id, seed);
    bool mirrored = words[3] != 0;
    float factors[4];
    for (int k = 0; k < 4; k++) {
      factors[k] = __uint_as_float(words[4 + k]);
    }
    long long start = static_cast<long long>(part.image()) * size;
    for (int k = 0; k < part.count(); k++) {
      int at = part.first() + k;
      int column = at / channels % width;
      int from = mirrored ? at + (width - 1 - 2 * column) * channels : at;
      float x0 = (static_cast<float>(levels[start + from]) - zeroLevel) / levelsPerUnit;
      xt[start + at] = combined(factors[0], x0, factors[1], noise.v[k]);
      target[start + at] = combined(factors[2], x0, factors[3], noise.v[k]);
    }
  }
}

// ---- group normalisation ------------------------------------------------------------------------
// One block per image and bunch of neighbouring groups, whose channels are at least a sector of
// memory wide: grid bunches × batch. A block reads its values twice, the second time from a cache.
// Its threads stand in rows of bunch channels / V lanes, and a row takes every rows-th position; V,
// the channels of a thread, is 4 where that divides and 1 elsewhere. Sums are taken in float32 over
// runs of up to 64 positions, then over these runs, then over the rows halves by halves, then over
// a group's channels in float64.
//
// Where these are too few blocks for a card, each bunch has several, one per part of its positions:
// grid bunches · parts × batch. A first kernel leaves the sums of each part, and a second one adds
// them up, part by part in float64, and goes on as above.

namespace {

constexpr int RUN = 64;

// What of a group norm a kernel does: all, or the sums of parts, or the rest.
enum class Stage { ALL, FIRST, SECOND };

// The mask on the result: none where there are no keys. See dev.ddpm.backend.Dropout.
struct Mask {
  const unsigned long long* keys;
  int layer;
  unsigned threshold;
  float scale;
  unsigned low;
  unsigned high;

  __device__ void ofImage(int image) {
    if (keys != nullptr) {
      unsigned long long z = keys[image] + 0x9E3779B97F4A7C15ull * (layer + 1ull);
      z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
      z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
      z ^= z >> 31;
      low = static_cast<unsigned>(z);
      high = static_cast<unsigned>(z >> 32);
    }
  }

  // What the element of the image with this index is multiplied by.
  __device__ float at(unsigned element) const {
    unsigned x = element + low;
    x = (x ^ (x >> 16)) * 0x7feb352du + high;
    x = (x ^ (x >> 15)) * 0x846ca68bu;
    return (x ^ (x >> 16)) >> 8 < threshold ? scale : 0;
  }
};

// Where a thread of a group norm's block stands, and the sizes.
template <int V>
struct Place {
  int positions;
  int channels;
  int groupChannels;
  int groups;
  int bunches;
  int part;
  int parts;
  int first;
  int end;
  int firstChannel;
  int lanes;
  int rows;
  int row;
  int lane;

  __device__ Place(
      int positions, int channels, int groupChannels, int groupsPerBlock, int partPositions)
      : positions(positions),
        channels(channels),
        groupChannels(groupChannels),
        groups(groupsPerBlock),
        bunches(channels / (groupsPerBlock * groupChannels)),
        part(blockIdx.x / bunches),
        parts(gridDim.x / bunches),
        first(part * partPositions),
        end(min(positions, first + partPositions)),
        firstChannel(blockIdx.x % bunches * groupsPerBlock * groupChannels),
        lanes(groupsPerBlock * groupChannels / V),
        rows(blockDim.x / lanes),
        row(threadIdx.x / lanes),
        lane(threadIdx.x % lanes) {}

  __device__ int image() const { return blockIdx.y; }

  // Whether the thread has positions at all: those past the last whole row have none.
  __device__ bool works() const { return row < rows; }

  // First of the thread's positions.
  __device__ int position() const { return works() ? first + row : end; }

  // First of the thread's channels.
  __device__ int channel() const { return firstChannel + lane * V; }

  // Group of one of them, counted from the block's first.
  __device__ int group(int k) const { return (lane * V + k) / groupChannels; }

  // Index within the image of the thread's first channel at a position.
  __device__ unsigned element(int position) const {
    return static_cast<unsigned>(position) * channels + channel();
  }

  __device__ long long imageStart() const {
    return static_cast<long long>(image()) * positions * channels;
  }

  // Index of a channel of the image among those of all images.
  __device__ long long imageChannel(int channel) const {
    return static_cast<long long>(image()) * channels + channel;
  }

  // Index of a group of the block among those of all images.
  __device__ long long imageGroup(int group) const {
    return static_cast<long long>(image()) * (channels / groupChannels)
        + firstChannel / groupChannels + group;
  }

  // Index of the image's first channel in the nth of `count` sums of a part.
  __device__ long long sumsOfPart(int part, int n, int count) const {
    return ((static_cast<long long>(image()) * parts + part) * count + n) * channels;
  }
};

// Leaves the block's sums for the second kernel: (batch, parts, N, channels).
template <int N, int V>
__device__ void storeSums(
    const Place<V>& place, const float (*sums)[MOST_THREADS], float* ofParts) {
  for (int c = threadIdx.x; c < place.lanes * V; c += blockDim.x) {
    for (int n = 0; n < N; n++) {
      ofParts[place.sumsOfPart(place.part, n, N) + place.firstChannel + c] =
          sums[n * V + c % V][c / V];
    }
  }
}

// Adds up what all parts have left.
template <int N, int V>
__device__ void loadSums(
    const Place<V>& place, float (*sums)[MOST_THREADS], const float* ofParts) {
  for (int c = threadIdx.x; c < place.lanes * V; c += blockDim.x) {
    for (int n = 0; n < N; n++) {
      double sum = 0;
      for (int part = 0; part < place.parts; part++) {
        sum += ofParts[place.sumsOfPart(part, n, N) + place.firstChannel + c];
      }
      sums[n * V + c % V][c / V] = static_cast<float>(sum);
    }
  }
  __syncthreads();
}

// What a thread makes x̂ and z of, of each of its channels: x̂ = (x + shift) · gain and z = x̂ ·
// scale + offset.
template <int V>
struct Affine {
  float shift[V];
  float gain[V];
  float scale[V];
  float offset[V];
};

// A group norm's arrays and settings: see the kernel `groupNorm`.
struct Norm {
  const float* x;
  const float* bias;
  const float* gamma;
  const float* beta;
  float* mean;
  float* deviation;
  Mask mask;
  bool swish;

  // From the mean and 1 / √(variance + ε) of each of the block's groups.
  template <int V>
  __device__ Affine<V> affine(
      const Place<V>& place, const float* means, const float* deviations) const {
    Affine<V> affine;
    for (int k = 0; k < V; k++) {
      int group = place.group(k);
      int channel = place.channel() + k;
      affine.shift[k] =
          (bias == nullptr ? 0 : bias[place.imageChannel(channel)]) - means[group];
      affine.gain[k] = deviations[group];
      affine.scale[k] = gamma[channel];
      affine.offset[k] = beta[channel];
    }
    return affine;
  }
};

// The forward pass.
struct NormForward {
  Norm norm;
  float* y;
  double epsilon;
  float* ofParts;
  float (*sums)[MOST_THREADS];
  float* means;
  float* deviations;

  // Per channel the sums over the block's positions of x − pivot and of its squares, which stand at
  // sums[k] and sums[V + k] for a lane's kth channel. The pivot is the channel's value at the first
  // position of all: squares stay small where the mean is not.
  template <int V>
  __device__ void sum(const Place<V>& place) const {
    const float* image = norm.x + place.imageStart();
    float total[2 * V] = {};
    if (place.works()) {
      Values<V> pivot = load<V>(image + place.channel());
      int position = place.position();
      while (position < place.end) {
        float run[2 * V] = {};
        for (int i = 0; i < RUN && position < place.end; i++, position += place.rows) {
          Values<V> values = load<V>(image + place.element(position));
          for (int k = 0; k < V; k++) {
            float distance = values.v[k] - pivot.v[k];
            run[k] += distance;
            run[V + k] += distance * distance;
          }
        }
        for (int k = 0; k < 2 * V; k++) {
          total[k] += run[k];
        }
      }
    }
    overRowsOfBlock(sums, total, place.lanes, place.rows);
  }

  // Mean and 1 / √(variance + ε) of the block's groups from the sums of their channels.
  template <int V>
  __device__ void moments(const Place<V>& place) const {
    const float* image = norm.x + place.imageStart();
    int warps = blockDim.x / WARP;
    for (int group = threadIdx.x / WARP; group < place.groups; group += warps) {
      double n = place.positions;
      double centre = 0;
      double squares = 0;
      for (int pass = 0; pass < 2; pass++) {
        double part = 0;
        for (int c = threadIdx.x % WARP; c < place.groupChannels; c += WARP) {
          int ofBlock = group * place.groupChannels + c;
          int channel = place.firstChannel + ofBlock;
          double sum = sums[ofBlock % V][ofBlock / V];
          double shift = norm.bias == nullptr ? 0 : norm.bias[place.imageChannel(channel)];
          double channelMean = image[channel] + sum / n + shift;
          if (pass == 0) {
            part += channelMean / place.groupChannels;
          } else {
            double distance = channelMean - centre;
            part += sums[V + ofBlock % V][ofBlock / V] - sum * sum / n + n * distance * distance;
          }
        }
        part = overWarp(part, Sum());
        (pass == 0 ? centre : squares) = part;
      }
      if (threadIdx.x % WARP == 0) {
        double variance = squares / (n * place.groupChannels);
        means[group] = static_cast<float>(centre);
        deviations[group] = static_cast<float>(1 / sqrt(variance + epsilon));
        if (place.part == 0) {
          norm.mean[place.imageGroup(group)] = means[group];
          norm.deviation[place.imageGroup(group)] = deviations[group];
        }
      }
    }
    __syncthreads();
  }

  template <int V>
  __device__ void apply(const Place<V>& place) const {
    if (!place.works()) {
      return;
    }
    Affine<V> affine = norm.affine(place, means, deviations);
    Mask mask = norm.mask;
    mask.ofImage(place.image());
    const float* image = norm.x + place.imageStart();
    float* result = y + place.imageStart();
#pragma unroll 4
    for (int position = place.position(); position < place.end; position += place.rows) {
      unsigned element = place.element(position);
      Values<V> values = load<V>(image + element);
      for (int k = 0; k < V; k++) {
        float z = (values.v[k] + affine.shift[k]) * affine.gain[k] * affine.scale[k]
            + affine.offset[k];
        float activated = norm.swish ? z / (1 + expf(-z)) : z;
        values.v[k] = mask.keys == nullptr ? activated : activated * mask.at(element + k);
      }
      store(result + element, values);
    }
  }

  // What is done in which kernel.
  template <int V>
  __device__ void operator()(const Place<V>& place, Stage stage) const {
    if (stage == Stage::SECOND) {
      loadSums<2>(place, sums, ofParts);
    } else {
      sum(place);
    }
    if (stage == Stage::FIRST) {
      storeSums<2>(place, sums, ofParts);
    } else {
      moments(place);
      apply(place);
    }
  }
};

// What the backward passes compute from one value of x and one of dy.
struct Derivative {
  float xHat;
  float dz;
};

template <int V>
__device__ Derivative derivative(
    float x, float dy, const Affine<V>& affine, int k, float kept, bool swish) {
  float xHat = (x + affine.shift[k]) * affine.gain[k];
  float dz = dy * kept;
  return {xHat, swish ? dz * swishSlope(xHat * affine.scale[k] + affine.offset[k]) : dz};
}

// The backward pass.
struct NormBackward {
  Norm norm;
  const float* dy;
  const float* added;
  float* dx;
  float* dBias;
  float* channelSums;
  float* ofParts;
  float (*sums)[MOST_THREADS];
  double* meanDz;
  double* meanDzXHat;
  double* meanXHat;

  // Per channel Σ dz, Σ dz · x̂ and Σ x̂ over the block's positions.
  template <int V>
  __device__ void sum(const Place<V>& place, const Affine<V>& affine, const Mask& mask) const {
    long long start = place.imageStart();
    float total[3 * V] = {};
    int position = place.position();
    while (position < place.end) {
      float run[3 * V] = {};
      for (int i = 0; i < RUN && position < place.end; i++, position += place.rows) {
        unsigned element = place.element(position);
        Values<V> values = load<V>(norm.x + start + element);
        Values<V> gradient = load<V>(dy + start + element);
        for (int k = 0; k < V; k++) {
          float kept = mask.keys == nullptr ? 1 : mask.at(element + k);
          Derivative d = derivative(values.v[k], gradient.v[k], affine, k, kept, norm.swish);
          run[k] += d.dz;
          run[V + k] += d.dz * d.xHat;
          run[2 * V + k] += d.xHat;
        }
      }
      for (int k = 0; k < 3 * V; k++) {
        total[k] += run[k];
      }
    }
    overRowsOfBlock(sums, total, place.lanes, place.rows);
  }

  // The means over the values of the block's groups, of γ · dz, γ · dz · x̂ and x̂.
  template <int V>
  __device__ void average(const Place<V>& place) const {
    int warps = blockDim.x / WARP;
    double n = static_cast<double>(place.positions) * place.groupChannels;
    for (int group = threadIdx.x / WARP; group < place.groups; group += warps) {
      double ofDz = 0;
      double ofDzXHat = 0;
      double ofXHat = 0;
      for (int c = threadIdx.x % WARP; c < place.groupChannels; c += WARP) {
        int ofBlock = group * place.groupChannels + c;
        double factor = norm.gamma[place.firstChannel + ofBlock];
        ofDz += factor * sums[ofBlock % V][ofBlock / V];
        ofDzXHat += factor * sums[V + ofBlock % V][ofBlock / V];
        ofXHat += sums[2 * V + ofBlock % V][ofBlock / V];
      }
      ofDz = overWarp(ofDz, Sum());
      ofDzXHat = overWarp(ofDzXHat, Sum());
      ofXHat = overWarp(ofXHat, Sum());
      if (threadIdx.x % WARP == 0) {
        meanDz[group] = ofDz / n;
        meanDzXHat[group] = ofDzXHat / n;
        meanXHat[group] = ofXHat / n;
      }
    }
    __syncthreads();
  }

  // What is one value per image and channel.
  template <int V>
  __device__ void storeOfChannels(const Place<V>& place, const Affine<V>& affine) const {
    if (place.row != 0 || place.part != 0) {
      return;
    }
    long long all = static_cast<long long>(gridDim.y) * place.channels;
    for (int k = 0; k < V; k++) {
      long long at = place.imageChannel(place.channel() + k);
      float sumDz = sums[k][place.lane];
      channelSums[at] = sums[V + k][place.lane];
      channelSums[all + at] = sumDz;
      if (dBias != nullptr) {
        int group = place.group(k);
        // a difference of nearly equal numbers: of the means no digit may be missing, and that of
        // x̂, which is 0 but for the rounding of x's mean, is taken away
        double n = place.positions;
        double centred = sums[2 * V + k][place.lane] - n * meanXHat[group];
        double sum = static_cast<double>(affine.scale[k]) * sumDz - n * meanDz[group]
            - centred * meanDzXHat[group];
        dBias[at] = static_cast<float>(sum * affine.gain[k]);
      }
    }
  }

  template <int V>
  __device__ void apply(const Place<V>& place, const Affine<V>& affine, const Mask& mask) const {
    if (!place.works()) {
      return;
    }
    float first[V];
    float second[V];
    for (int k = 0; k < V; k++) {
      first[k] = static_cast<float>(meanDz[place.group(k)]);
      second[k] = static_cast<float>(meanDzXHat[place.group(k)]);
    }
    long long start = place.imageStart();
#pragma unroll 2
    for (int position = place.position(); position < place.end; position += place.rows) {
      unsigned element = place.element(position);
      Values<V> values = load<V>(norm.x + start + element);
      Values<V> gradient = load<V>(dy + start + element);
      Values<V> more = {};
      if (added != nullptr) {
        more = load<V>(added + start + element);
      }
      for (int k = 0; k < V; k++) {
        float kept = mask.keys == nullptr ? 1 : mask.at(element + k);
        Derivative d = derivative(values.v[k], gradient.v[k], affine, k, kept, norm.swish);
        values.v[k] =
            (d.dz * affine.scale[k] - first[k] - d.xHat * second[k]) * affine.gain[k] + more.v[k];
      }
      store(dx + start + element, values);
    }
  }

  // What is done in which kernel.
  template <int V>
  __device__ void operator()(const Place<V>& place, Stage stage) const {
    long long group = place.imageGroup(0);
    Affine<V> affine = norm.affine(place, norm.mean + group, norm.deviation + group);
    Mask mask = norm.mask;
    mask.ofImage(place.image());
    if (stage == Stage::SECOND) {
      loadSums<3>(place, sums, ofParts);
    } else {
      sum(place, affine, mask);
    }
    if (stage == Stage::FIRST) {
      storeSums<3>(place, sums, ofParts);
    } else {
      average(place);
      storeOfChannels(place, affine);
      apply(place, affine, mask);
    }
  }
};

// Does a block's work with as many channels per thread as the sizes and addresses allow.
template <class Work>
__device__ void normalise(
    const Work& work,
    Stage stage,
    bool quads,
    int positions,
    int channels,
    int groupChannels,
    int groupsPerBlock,
    int partPositions) {
  if (groupsPerBlock * groupChannels % 4 == 0 && channels % 4 == 0 && quads) {
    work(Place<4>(positions, channels, groupChannels, groupsPerBlock, partPositions), stage);
  } else {
    work(Place<1>(positions, channels, groupChannels, groupsPerBlock, partPositions), stage);
  }
}

}  // namespace

// y = dropout(swish(γ · (x + bias − mean) / √(variance + ε) + β)); keeps mean and 1 / √(variance +
// ε), (batch, groups). x and y are (batch, positions, channels), bias is (batch, channels) or null,
// keys has one key per image and is null without dropout. A part has `partPositions` positions,
// and ofParts is (batch, parts, 2, channels), or null where one kernel does all.
extern "C" __global__ void __launch_bounds__(MOST_THREADS) groupNorm(
    const float* x,
    const float* bias,
    const float* gamma,
    const float* beta,
    const unsigned long long* keys,
    float* y,
    float* mean,
    float* deviation,
    float* ofParts,
    int stage,
    int positions,
    int partPositions,
    int channels,
    int groupChannels,
    int groupsPerBlock,
    double epsilon,
    int swish,
    int layer,
    int threshold,
    float scale) {
  __shared__ float sums[2 * 4][MOST_THREADS];
  __shared__ float means[MOST_THREADS];
  __shared__ float deviations[MOST_THREADS];
  Mask mask = {keys, layer, static_cast<unsigned>(threshold), scale, 0, 0};
  Norm norm = {x, bias, gamma, beta, mean, deviation, mask, swish != 0};
  NormForward work = {norm, y, epsilon, ofParts, sums, means, deviations};
  normalise(
      work,
      static_cast<Stage>(stage),
      aligned(x, y),
      positions,
      channels,
      groupChannels,
      groupsPerBlock,
      partPositions);
}

// The gradients of `groupNorm`: dx, with `added` (or null) added to it, dBias (or null), and per
// image and channel what γ's and β's gradients are the sums of: channelSums (2, batch, channels),
// Σ dz · x̂ first. ofParts is (batch, parts, 3, channels) or null.
extern "C" __global__ void __launch_bounds__(MOST_THREADS) groupNormBackward(
    const float* x,
    const float* bias,
    const float* gamma,
    const float* beta,
    const unsigned long long* keys,
    float* mean,
    float* deviation,
    const float* dy,
    const float* added,
    float* dx,
    float* dBias,
    float* channelSums,
    float* ofParts,
    int stage,
    int positions,
    int partPositions,
    int channels,
    int groupChannels,
    int groupsPerBlock,
    int swish,
    int layer,
    int threshold,
    float scale) {
  __shared__ float sums[3 * 4][MOST_THREADS];
  __shared__ double meanDz[MOST_THREADS];
  __shared__ double meanDzXHat[MOST_THREADS];
  __shared__ double meanXHat[MOST_THREADS];
  Mask mask = {keys, layer, static_cast<unsigned>(threshold), scale, 0, 0};
  Norm norm = {x, bias, gamma, beta, mean, deviation, mask, swish != 0};
  NormBackward work = {
      norm, dy, added, dx, dBias, channelSums, ofParts, sums, meanDz, meanDzXHat, meanXHat};
  normalise(
      work,
      static_cast<Stage>(stage),
      added == nullptr ? aligned(x, dy, dx) : aligned(x, dy, dx, added),
      positions,
      channels,
      groupChannels,
      groupsPerBlock,
      partPositions);
}

// γ's and β's gradients: the sums of `channelSums` over the batch. Grid: ceil(channels / 32) × 2
// blocks of 256 threads; sums as `sumColumns` says.
extern "C" __global__ void groupNormParameters(
    const float* channelSums, float* dGamma, float* dBeta, int batch, int channels) {
  const float* sums = channelSums + static_cast<long long>(blockIdx.y) * batch * channels;
  sumColumns(sums, blockIdx.y == 0 ? dGamma : dBeta, 0, batch, channels, WARP);
}
