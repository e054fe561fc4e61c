// The functions that EmulatedDevice calls: memory, launches, and products and convolutions as plain
// loops whose sums are float64. Each gives null, or what is wrong.

#include <functional>
#include <string>
#include <vector>

namespace {

constexpr int FLOAT32 = 0;
constexpr int TF32 = 1;
constexpr int BFLOAT16 = 2;

std::string failure;

const char* guarded(const std::function<void()>& body) {
  try {
    body();
    return nullptr;
  } catch (const std::exception& wrong) {
    failure = wrong.what();
    return failure.c_str();
  }
}

// The nearest value with 10 bits of significand, ties away from zero, as cards convert.
float toTf32(float value) {
  unsigned bits = __float_as_uint(value);
  bool finite = (bits & 0x7f800000u) != 0x7f800000u;
  return finite ? __uint_as_float((bits + 0x1000u) & 0xffffe000u) : value;
}

// Factors of a product or convolution as float64.
std::vector<double> factors(std::uint64_t address, std::size_t count, int type) {
  std::size_t width = type == BFLOAT16 ? 2 : 4;
  emulation::require(address, count * width, width);
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; i++) {
    if (type == BFLOAT16) {
      values[i] = __uint_as_float(reinterpret_cast<unsigned short*>(address)[i] * 65536u);
    } else {
      float value = reinterpret_cast<float*>(address)[i];
      values[i] = type == TF32 ? toTf32(value) : value;
    }
  }
  return values;
}

float* results(std::uint64_t address, std::size_t count) {
  emulation::require(address, count * sizeof(float), sizeof(float));
  return reinterpret_cast<float*>(address);
}

struct Sizes {
  int batch, height, width, in, out, size, stride, padding;

  int outHeight() const { return (height + 2 * padding - size) / stride + 1; }
  int outWidth() const { return (width + 2 * padding - size) / stride + 1; }
  std::size_t input() const { return std::size_t(batch) * height * width * in; }
  std::size_t output() const { return std::size_t(batch) * outHeight() * outWidth() * out; }
  std::size_t weights() const { return std::size_t(out) * size * size * in; }

  // Calls body(pixel of the input, pixel of the output, tap) for all that belong together.
  template <class Body>
  void forAll(Body body) const {
    for (int image = 0; image < batch; image++) {
      for (int y = 0; y < outHeight(); y++) {
        for (int x = 0; x < outWidth(); x++) {
          for (int tap = 0; tap < size * size; tap++) {
            int row = y * stride + tap / size - padding;
            int column = x * stride + tap % size - padding;
            if (row >= 0 && row < height && column >= 0 && column < width) {
              std::size_t from = (std::size_t(image) * height + row) * width + column;
              std::size_t to = (std::size_t(image) * outHeight() + y) * outWidth() + x;
              body(from, to, tap);
            }
          }
        }
      }
    }
  }
};

void narrow(const std::vector<double>& sums, float* to) {
  for (std::size_t i = 0; i < sums.size(); i++) {
    to[i] = static_cast<float>(sums[i]);
  }
}

}  // namespace

#define EXPORTED extern "C" __attribute__((visibility("default")))

EXPORTED const char* deviceAllocate(std::int64_t bytes, std::int64_t* address) {
  return guarded([&] { *address = emulation::allocate(bytes); });
}

EXPORTED const char* deviceFree(std::int64_t address) {
  return guarded([&] { emulation::release(address); });
}

EXPORTED const char* deviceRequire(std::int64_t address, std::int64_t bytes, int alignment) {
  return guarded([&] { emulation::require(address, bytes, alignment); });
}

EXPORTED const char* deviceCheck() {
  return guarded([] { emulation::checkGuards(); });
}

EXPORTED void deviceRunBackwards(int backwards) {
  emulation::backwards = backwards != 0;
}

EXPORTED const char* deviceLaunch(
    const char* name,
    int blocksX,
    int blocksY,
    int threads,
    const char* kinds,
    const std::int64_t* bits) {
  return guarded([&] {
    auto found = emulation::kernels.find(name);
    if (found == emulation::kernels.end()) {
      throw std::runtime_error(std::string("there is no kernel ") + name);
    }
    std::vector<emulation::Argument> arguments;
    for (std::size_t i = 0; i < strlen(kinds); i++) {
      arguments.push_back({kinds[i], static_cast<std::uint64_t>(bits[i])});
    }
    try {
      found->second->launch(blocksX, blocksY, threads, arguments);
    } catch (const std::exception& wrong) {
      throw std::runtime_error(std::string(name) + ": " + wrong.what());
    }
  });
}

EXPORTED const char* deviceProduct(
    int stack,
    int rows,
    int inner,
    int columns,
    int transposeA,
    int transposeB,
    double alpha,
    int accumulate,
    int type,
    std::int64_t a,
    std::int64_t b,
    std::int64_t c) {
  return guarded([&] {
    std::size_t ofA = std::size_t(rows) * inner;
    std::size_t ofB = std::size_t(inner) * columns;
    std::size_t ofC = std::size_t(rows) * columns;
    std::vector<double> first = factors(a, ofA * stack, type);
    std::vector<double> second = factors(b, ofB * stack, type);
    float* result = results(c, ofC * stack);
    std::vector<double> sums(columns);
    for (int matrix = 0; matrix < stack; matrix++) {
      const double* left = first.data() + matrix * ofA;
      const double* right = second.data() + matrix * ofB;
      for (int row = 0; row < rows; row++) {
        std::fill(sums.begin(), sums.end(), 0);
        for (int k = 0; k < inner; k++) {
          double factor = transposeA ? left[std::size_t(k) * rows + row]
                                     : left[std::size_t(row) * inner + k];
          const double* values = right + (transposeB ? k : std::size_t(k) * columns);
          std::size_t step = transposeB ? inner : 1;
          for (int column = 0; column < columns; column++) {
            sums[column] += factor * values[column * step];
          }
        }
        float* to = result + matrix * ofC + std::size_t(row) * columns;
        for (int column = 0; column < columns; column++) {
          to[column] =
              static_cast<float>(alpha * sums[column] + (accumulate ? to[column] : 0.0));
        }
      }
    }
  });
}

EXPORTED const char* deviceConvolution(
    int batch,
    int height,
    int width,
    int in,
    int out,
    int size,
    int stride,
    int padding,
    int type,
    int pass,
    std::int64_t x,
    std::int64_t weight,
    std::int64_t y) {
  return guarded([&] {
    Sizes sizes = {batch, height, width, in, out, size, stride, padding};
    int taps = size * size;
    if (pass == 0) {
      // (taps, in, out), so that the innermost loop runs over neighbours
      std::vector<double> given = factors(weight, sizes.weights(), type);
      std::vector<double> weights(given.size());
      for (int o = 0; o < out; o++) {
        for (int t = 0; t < taps * in; t++) {
          weights[std::size_t(t) * out + o] = given[std::size_t(o) * taps * in + t];
        }
      }
      std::vector<double> images = factors(x, sizes.input(), type);
      std::vector<double> sums(sizes.output());
      sizes.forAll([&](std::size_t from, std::size_t to, int tap) {
        double* sum = sums.data() + to * out;
        for (int i = 0; i < in; i++) {
          double value = images[from * in + i];
          const double* w = weights.data() + (std::size_t(tap) * in + i) * out;
          for (int o = 0; o < out; o++) {
            sum[o] += value * w[o];
          }
        }
      });
      narrow(sums, results(y, sums.size()));
    } else if (pass == 1) {
      std::vector<double> weights = factors(weight, sizes.weights(), type);
      std::vector<double> gradients = factors(y, sizes.output(), type);
      std::vector<double> sums(sizes.input());
      sizes.forAll([&](std::size_t from, std::size_t to, int tap) {
        double* sum = sums.data() + from * in;
        for (int o = 0; o < out; o++) {
          double value = gradients[to * out + o];
          const double* w = weights.data() + (std::size_t(o) * taps + tap) * in;
          for (int i = 0; i < in; i++) {
            sum[i] += value * w[i];
          }
        }
      });
      narrow(sums, results(x, sums.size()));
    } else {
      std::vector<double> images = factors(x, sizes.input(), type);
      std::vector<double> gradients = factors(y, sizes.output(), type);
      std::vector<double> sums(sizes.weights());
      sizes.forAll([&](std::size_t from, std::size_t to, int tap) {
        const double* values = images.data() + from * in;
        for (int o = 0; o < out; o++) {
          double value = gradients[to * out + o];
          double* sum = sums.data() + (std::size_t(o) * taps + tap) * in;
          for (int i = 0; i < in; i++) {
            sum[i] += value * values[i];
          }
        }
      });
      narrow(sums, results(weight, sums.size()));
    }
  });
}
