// What kernels.cu needs of CUDA, on a CPU: the words of the language, the threads of a block as
// fibers that give way at barriers and shuffles, blocks one after the other, and memory between
// guards. What a card would let pass, or hang on, is an error here.

#include <setjmp.h>
#include <ucontext.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __shared__ static
#define __launch_bounds__(threads)
#define __syncthreads() emulation::barrier(__LINE__)
#define __shfl_xor_sync(lanes, value, distance) \
  emulation::shuffleXor(__LINE__, lanes, value, distance)

struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(8) ushort4 {
  unsigned short x, y, z, w;
};

struct Dimensions {
  unsigned x = 1, y = 1, z = 1;
};

static Dimensions threadIdx, blockIdx, blockDim, gridDim;

static inline float4 make_float4(float x, float y, float z, float w) {
  return {x, y, z, w};
}
static inline ushort4 make_ushort4(
    unsigned short x, unsigned short y, unsigned short z, unsigned short w) {
  return {x, y, z, w};
}
static inline float __fadd_rn(float a, float b) {
  return a + b;
}
static inline float __fmul_rn(float a, float b) {
  return a * b;
}
static inline double __dadd_rn(double a, double b) {
  return a + b;
}
static inline double __dmul_rn(double a, double b) {
  return a * b;
}
static inline double __dsub_rn(double a, double b) {
  return a - b;
}
static inline double __ddiv_rn(double a, double b) {
  return a / b;
}
static inline double __dsqrt_rn(double a) {
  return std::sqrt(a);
}
static inline long long __double_as_longlong(double value) {
  long long bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}
static inline double __longlong_as_double(long long bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}
static inline int min(int a, int b) {
  return a < b ? a : b;
}
static inline unsigned __float_as_uint(float value) {
  unsigned bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}
static inline float __uint_as_float(unsigned bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

namespace emulation {

// ---- memory: every allocation lies between guards that must not change. They are no numbers, be
// it of float32, float64 or bfloat16, so that what is computed from them is none.

constexpr std::size_t ALIGNMENT = 256;
constexpr std::size_t GUARD = 1024;
constexpr unsigned char GUARD_BYTE = 0xFF;

static std::map<std::uint64_t, std::uint64_t> allocations;

static std::uint64_t allocate(std::uint64_t bytes) {
  std::size_t rounded = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  auto* whole =
      static_cast<unsigned char*>(std::aligned_alloc(ALIGNMENT, rounded + 2 * GUARD));
  if (whole == nullptr) {
    throw std::runtime_error("out of memory");
  }
  memset(whole, GUARD_BYTE, rounded + 2 * GUARD);
  memset(whole + GUARD, 0, bytes);
  auto address = reinterpret_cast<std::uint64_t>(whole + GUARD);
  allocations[address] = bytes;
  return address;
}

static void checkGuards(std::uint64_t address, std::uint64_t bytes) {
  auto* memory = reinterpret_cast<unsigned char*>(address);
  std::size_t rounded = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  for (std::size_t i = 1; i <= GUARD; i++) {
    if (memory[-static_cast<std::ptrdiff_t>(i)] != GUARD_BYTE) {
      throw std::runtime_error(
          std::to_string(i) + " bytes before an allocation of " + std::to_string(bytes)
          + " bytes were written");
    }
  }
  for (std::size_t i = bytes; i < rounded + GUARD; i++) {
    if (memory[i] != GUARD_BYTE) {
      throw std::runtime_error(
          std::to_string(i - bytes) + " bytes past an allocation of " + std::to_string(bytes)
          + " bytes were written");
    }
  }
}

static void checkGuards() {
  for (const auto& [address, bytes] : allocations) {
    checkGuards(address, bytes);
  }
}

static void release(std::uint64_t address) {
  auto found = allocations.find(address);
  if (found == allocations.end()) {
    throw std::runtime_error("memory is given back that was not allocated");
  }
  std::uint64_t bytes = found->second;
  allocations.erase(found);
  checkGuards(address, bytes);
  std::free(reinterpret_cast<unsigned char*>(address) - GUARD);
}

// Throws unless so many bytes from an address on lie in one allocation, the first of them aligned.
static void require(std::uint64_t address, std::uint64_t bytes, std::size_t alignment) {
  if (address % alignment != 0) {
    throw std::runtime_error("an address is no multiple of " + std::to_string(alignment));
  }
  auto next = allocations.upper_bound(address);
  if (next == allocations.begin()) {
    throw std::runtime_error("an address is in no allocation");
  }
  auto [start, size] = *std::prev(next);
  if (address >= start + size) {
    throw std::runtime_error("an address is in no allocation");
  }
  if (address + bytes > start + size) {
    throw std::runtime_error(
        std::to_string(bytes) + " bytes are used where the allocation has "
        + std::to_string(start + size - address));
  }
}

// ---- the threads of a block

enum class State { READY, AT_BARRIER, AT_SHUFFLE, ENDED };

constexpr unsigned MOST_THREADS = 1024;
constexpr unsigned WARP = 32;
constexpr std::size_t STACK = 64 * 1024;

struct Work {
  virtual ~Work() = default;
  virtual void run() = 0;
};

struct Fiber {
  ucontext_t start;
  jmp_buf paused;
  bool started = false;
  State state = State::READY;
  int line = 0;
  unsigned shuffles = 0;
  std::unique_ptr<char[]> stack{new char[STACK]};
};

static std::vector<std::unique_ptr<Fiber>> fibers;
static Fiber* running;
static jmp_buf scheduler;
static Work* work;

// In which order threads and blocks run: a sum that depends on it lacks a barrier.
static bool backwards = false;

alignas(8) static unsigned char exchanged[2][MOST_THREADS][8];

static void giveWay() {
  if (_setjmp(running->paused) == 0) {
    _longjmp(scheduler, 1);
  }
}

static void fiberMain() {
  for (;;) {
    work->run();
    running->state = State::ENDED;
    giveWay();
  }
}

static void resume(unsigned thread) {
  threadIdx.x = thread;
  running = fibers[thread].get();
  if (_setjmp(scheduler) == 0) {
    if (running->started) {
      _longjmp(running->paused, 1);
    }
    running->started = true;
    setcontext(&running->start);
  }
}

static void waitAs(State state, int line) {
  running->state = state;
  running->line = line;
  giveWay();
}

static void barrier(int line) {
  waitAs(State::AT_BARRIER, line);
}

template <class T>
static T shuffleXor(int line, unsigned lanes, T value, int distance) {
  static_assert(sizeof(T) <= 8);
  if (lanes != 0xffffffffu) {
    line = -line;  // no kernel names other lanes; refused below as a line of its own
  }
  unsigned thread = threadIdx.x;
  // the next shuffle writes elsewhere: not all lanes have read when the first one gets there
  auto& slots = exchanged[running->shuffles++ % 2];
  memcpy(slots[thread], &value, sizeof value);
  waitAs(State::AT_SHUFFLE, line);
  T other;
  memcpy(&other, slots[thread ^ distance], sizeof other);
  return other;
}

static std::string where(unsigned thread) {
  const Fiber& fiber = *fibers[thread];
  std::string name = "thread " + std::to_string(thread);
  if (fiber.state == State::ENDED) {
    return name + " has ended";
  }
  return name + " waits at the "
      + (fiber.state == State::AT_BARRIER ? "barrier" : "shuffle") + " of line "
      + std::to_string(fiber.line);
}

static void requireTogether(unsigned first, unsigned end) {
  for (unsigned thread = first; thread < end; thread++) {
    if (fibers[thread]->state != fibers[first]->state
        || (fibers[thread]->state != State::ENDED
            && fibers[thread]->line != fibers[first]->line)) {
      throw std::runtime_error(where(first) + " while " + where(thread));
    }
  }
}

// Runs the threads of a warp until none is ready, through all its shuffles.
static void runWarp(unsigned first, unsigned end) {
  for (;;) {
    for (unsigned i = first; i < end; i++) {
      unsigned thread = backwards ? first + end - 1 - i : i;
      if (fibers[thread]->state == State::READY) {
        resume(thread);
      }
    }
    bool shuffles = false;
    for (unsigned thread = first; thread < end; thread++) {
      shuffles |= fibers[thread]->state == State::AT_SHUFFLE;
    }
    if (!shuffles) {
      return;
    }
    if (end - first != WARP || fibers[first]->line < 0) {
      throw std::runtime_error("a shuffle does not name the 32 lanes of a whole warp");
    }
    requireTogether(first, end);
    for (unsigned thread = first; thread < end; thread++) {
      fibers[thread]->state = State::READY;
    }
  }
}

static void runBlock(unsigned threads) {
  for (unsigned thread = 0; thread < threads; thread++) {
    fibers[thread]->state = State::READY;
    fibers[thread]->shuffles = 0;
  }
  unsigned warps = (threads + WARP - 1) / WARP;
  for (;;) {
    for (unsigned i = 0; i < warps; i++) {
      unsigned warp = backwards ? warps - 1 - i : i;
      runWarp(warp * WARP, std::min(threads, (warp + 1) * WARP));
    }
    requireTogether(0, threads);
    if (fibers[0]->state == State::ENDED) {
      return;
    }
    for (unsigned thread = 0; thread < threads; thread++) {
      fibers[thread]->state = State::READY;
    }
  }
}

static void runGrid(Work& kernel, unsigned blocksX, unsigned blocksY, unsigned threads) {
  if (blocksX < 1 || blocksX > 0x7fffffffu || blocksY < 1 || blocksY > 65535 || threads < 1
      || threads > MOST_THREADS || threads % WARP != 0) {
    throw std::runtime_error(
        "no grid: " + std::to_string(blocksX) + " by " + std::to_string(blocksY) + " blocks of "
        + std::to_string(threads) + " threads");
  }
  while (fibers.size() < threads) {
    fibers.push_back(std::make_unique<Fiber>());
    Fiber& fiber = *fibers.back();
    getcontext(&fiber.start);
    fiber.start.uc_stack.ss_sp = fiber.stack.get();
    fiber.start.uc_stack.ss_size = STACK;
    fiber.start.uc_link = nullptr;
    makecontext(&fiber.start, fiberMain, 0);
  }
  work = &kernel;
  blockDim.x = threads;
  gridDim.x = blocksX;
  gridDim.y = blocksY;
  std::uint64_t blocks = static_cast<std::uint64_t>(blocksX) * blocksY;
  try {
    for (std::uint64_t i = 0; i < blocks; i++) {
      std::uint64_t block = backwards ? blocks - 1 - i : i;
      blockIdx.x = block % blocksX;
      blockIdx.y = block / blocksX;
      runBlock(threads);
    }
  } catch (...) {
    fibers.clear();  // they stand in the middle of a kernel
    throw;
  }
}

// ---- kernels by name

// An argument as Java hands it over: L for 64 bits, I, F or D.
struct Argument {
  char kind;
  std::uint64_t bits;

  template <class T>
  T as(char expected) const {
    if (kind != expected) {
      throw std::runtime_error(
          std::string("an argument is ") + kind + " where the kernel declares " + expected);
    }
    T value;
    memcpy(&value, &bits, sizeof value);
    return value;
  }

  template <class T>
  T to() const {
    if constexpr (std::is_pointer_v<T>) {
      T address = as<T>('L');
      if (address != nullptr) {
        require(bits, 1, alignof(std::remove_pointer_t<T>));
      }
      return address;
    } else if constexpr (std::is_same_v<T, float>) {
      return as<T>('F');
    } else if constexpr (std::is_same_v<T, double>) {
      return as<T>('D');
    } else {
      static_assert(std::is_integral_v<T> && (sizeof(T) == 4 || sizeof(T) == 8));
      return as<T>(sizeof(T) == 8 ? 'L' : 'I');
    }
  }
};

struct Kernel {
  virtual ~Kernel() = default;
  virtual void launch(
      unsigned blocksX,
      unsigned blocksY,
      unsigned threads,
      const std::vector<Argument>& arguments) = 0;
};

template <class... Parameters>
struct KernelOf : Kernel {
  void (*function)(Parameters...);

  explicit KernelOf(void (*function)(Parameters...)) : function(function) {}

  void launch(
      unsigned blocksX,
      unsigned blocksY,
      unsigned threads,
      const std::vector<Argument>& arguments) override {
    if (arguments.size() != sizeof...(Parameters)) {
      throw std::runtime_error(
          std::to_string(arguments.size()) + " arguments for a kernel with "
          + std::to_string(sizeof...(Parameters)));
    }
    launch(blocksX, blocksY, threads, arguments, std::index_sequence_for<Parameters...>());
  }

  template <std::size_t... Index>
  void launch(
      unsigned blocksX,
      unsigned blocksY,
      unsigned threads,
      const std::vector<Argument>& arguments,
      std::index_sequence<Index...>) {
    auto call = [&, values = std::make_tuple(arguments[Index].to<Parameters>()...)] {
      function(std::get<Index>(values)...);
    };
    struct Call : Work {
      decltype(call)& body;
      explicit Call(decltype(call)& body) : body(body) {}
      void run() override { body(); }
    } once(call);
    runGrid(once, blocksX, blocksY, threads);
  }
};

static std::map<std::string, std::unique_ptr<Kernel>> kernels;

struct Registration {
  template <class... Parameters>
  Registration(const char* name, void (*function)(Parameters...)) {
    kernels[name] = std::make_unique<KernelOf<Parameters...>>(function);
  }
};

}  // namespace emulation

#define KERNEL(name) static emulation::Registration registered_##name(#name, name);
