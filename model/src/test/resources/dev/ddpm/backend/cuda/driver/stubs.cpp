// NVIDIA's libraries as far as this project calls them, for a machine without a card: they compute
// nothing. What a call returns, an environment variable of its name says, and 0 without one. What
// tests ask for is told on the standard output.
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {
constexpr int FLOAT = 0;
constexpr int BFLOAT16 = 9;
constexpr int NOT_SUPPORTED = 3000;

long number(const char* name, long otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::atol(value);
}

int status(const char* call) {
  return static_cast<int>(number(call, 0));
}

void tell(const char* format, ...) {
  va_list values;
  va_start(values, format);
  std::vprintf(format, values);
  va_end(values);
  std::fflush(stdout);
}

int create(const char* call, void** handle) {
  static int handles[4096];
  static int next = 0;
  *handle = &handles[next++];
  return status(call);
}
}  // namespace

#define CALL(name) \
  int name() { return status(#name); }
#define CREATE(name) \
  int name(void** handle) { return create(#name, handle); }

extern "C" {

// ---- the driver ---------------------------------------------------------------------------------

int cuDriverGetVersion(int* version) { *version = 13000; return 0; }
CALL(cuInit)
int cuDeviceGetCount(int* count) { *count = 1; return 0; }
int cuDeviceGet(int* device, int card) { *device = card; return 0; }
int cuDeviceGetName(char* name, int, int) { std::strcpy(name, "Card of Test"); return 0; }
int cuDeviceGetAttribute(int* value, int attribute, int) {
  long capability = number("CAPABILITY", 90);
  *value = attribute == 75 ? capability / 10
      : attribute == 76    ? capability % 10
      : attribute == 20    ? number("COMPUTE_MODE", 0)
                           : 0;
  return 0;
}
int cuGetErrorName(int, const char** name) { *name = "CUDA_ERROR_OF_TEST"; return 0; }
CREATE(cuDevicePrimaryCtxRetain)
CALL(cuDevicePrimaryCtxRelease_v2)
CALL(cuCtxSetCurrent)
CREATE(cuStreamCreate)
CALL(cuStreamDestroy_v2)
CALL(cuStreamSynchronize)
int cuMemAlloc_v2(unsigned long long* address, size_t bytes) {
  static unsigned long long next = 1ULL << 40;
  *address = next;
  next += (bytes + 255) / 256 * 256;
  return status("cuMemAlloc_v2");
}
CALL(cuMemFree_v2)
int cuMemGetInfo_v2(size_t* free, size_t* all) {
  *free = 3 << 20;
  *all = 1000 << 20;
  return 0;
}
CALL(cuMemsetD8Async)
int cuMemAllocHost_v2(void** address, size_t bytes) { *address = std::malloc(bytes); return 0; }
int cuMemFreeHost(void* address) { std::free(address); return 0; }
CALL(cuMemcpyHtoDAsync_v2)
CALL(cuMemcpyDtoHAsync_v2)
CALL(cuMemcpyDtoDAsync_v2)
CREATE(cuModuleLoadData)
int cuModuleGetFunction(void** function, void*, const char* name) {
  *function = strdup(name);
  return 0;
}
CALL(cuModuleUnload)
int cuLaunchKernel(const char* function) { tell("%s\n", function); return 0; }
CALL(cuStreamBeginCapture_v2)
int cuStreamEndCapture(void*, void** graph) { return create("cuStreamEndCapture", graph); }
CREATE(cuGraphInstantiateWithFlags)
int cuGraphDestroy() { tell("graph destroyed\n"); return 0; }
CALL(cuGraphExecDestroy)
CALL(cuGraphLaunch)
int cudaRuntimeGetVersion(int* version) { *version = 13000; return 0; }

// ---- the compiler -------------------------------------------------------------------------------

int nvrtcVersion(int* major, int* minor) { *major = 13; *minor = 0; return 0; }
int nvrtcGetNumSupportedArchs(int* count) { *count = 1; return 0; }
int nvrtcGetSupportedArchs(int* known) { *known = 90; return 0; }
CREATE(nvrtcCreateProgram)
int nvrtcCompileProgram() { tell("compiled\n"); return status("nvrtcCompileProgram"); }
int nvrtcGetCUBINSize(void*, size_t* size) { *size = 4; return 0; }
int nvrtcGetCUBIN(void*, char* code) { std::memcpy(code, "code", 4); return 0; }
int nvrtcGetPTXSize(void*, size_t* size) { *size = 4; return 0; }
int nvrtcGetPTX(void*, char* code) { std::memcpy(code, "text", 4); return 0; }
CALL(nvrtcDestroyProgram)
const char* nvrtcGetErrorString(int) { return "NVRTC_ERROR_OF_TEST"; }

// ---- products -----------------------------------------------------------------------------------

const char* cublasGetStatusName(int) { return "CUBLAS_STATUS_OF_TEST"; }
CREATE(cublasCreate_v2)
CALL(cublasDestroy_v2)
CALL(cublasSetStream_v2)
CALL(cublasSetWorkspace_v2)
int cublasGemmStridedBatchedEx() { tell("product\n"); return 0; }

// ---- convolutions -------------------------------------------------------------------------------

size_t cudnnGetVersion() { return 91900; }
size_t cudnnGetCudartVersion() { return number("cudnnGetCudartVersion", 13000); }
const char* cudnnGetErrorString(int) { return "CUDNN_STATUS_OF_TEST"; }
CALL(cudnnGraphVersionCheck)
CALL(cudnnOpsVersionCheck)
CALL(cudnnCnnVersionCheck)
CREATE(cudnnCreate)
CALL(cudnnDestroy)
CALL(cudnnSetStream)
CREATE(cudnnCreateTensorDescriptor)
CREATE(cudnnCreateFilterDescriptor)
CREATE(cudnnCreateConvolutionDescriptor)
CALL(cudnnDestroyTensorDescriptor)
CALL(cudnnDestroyFilterDescriptor)
CALL(cudnnDestroyConvolutionDescriptor)
int cudnnSetTensor4dDescriptor(int* tensor, int, int type) { *tensor = type; return 0; }
int cudnnSetFilter4dDescriptor(int* filter, int type) { *filter = type; return 0; }
CALL(cudnnSetConvolution2dDescriptor)
CALL(cudnnSetConvolutionMathType)

struct Proposal {
  int algorithm;
  int status;
  float time;
  size_t memory;
  int determinism;
  int math;
  int reserved[3];
};

// PROPOSALS has "algorithm,status,memory,determinism" for each; with NARROW_ALONE there is none from
// bfloat16 to float32.
static int propose(const char* call, const int* factor, const int* result, int* count, Proposal* to) {
  *count = 0;
  if (std::getenv("NARROW_ALONE") != nullptr && *factor == BFLOAT16 && *result == FLOAT) {
    return NOT_SUPPORTED;
  }
  const char* rest = std::getenv("PROPOSALS");
  int read;
  while (rest != nullptr
      && std::sscanf(rest, " %d,%d,%zu,%d%n", &to->algorithm, &to->status, &to->memory,
          &to->determinism, &read) == 4) {
    to->math = 1;
    rest += read;
    to++;
    ++*count;
  }
  return status(call);
}

// REFUSED has the algorithms that are not supported after all.
static int convolve(const char* call, int algorithm) {
  char name[16];
  std::snprintf(name, sizeof name, " %d ", algorithm);
  const char* refused = std::getenv("REFUSED");
  bool isRefused = refused != nullptr && std::strstr(refused, name) != nullptr;
  tell("%s by %d%s\n", call, algorithm, isRefused ? " is refused" : "");
  return isRefused ? NOT_SUPPORTED : status(call);
}

#define PROPOSE(name)                                                                         \
  int name(void*, int* factor, void*, void*, int* result, int, int* count, Proposal* list) { \
    return propose(#name, factor, result, count, list);                                       \
  }
#define CONVOLVE(name)                                                                  \
  int name(void*, void*, void*, void*, void*, void*, void*, int algorithm) {            \
    return convolve(#name, algorithm);                                                  \
  }
PROPOSE(cudnnGetConvolutionForwardAlgorithm_v7)
PROPOSE(cudnnGetConvolutionBackwardDataAlgorithm_v7)
PROPOSE(cudnnGetConvolutionBackwardFilterAlgorithm_v7)
CONVOLVE(cudnnConvolutionForward)
CONVOLVE(cudnnConvolutionBackwardData)
CONVOLVE(cudnnConvolutionBackwardFilter)
}
