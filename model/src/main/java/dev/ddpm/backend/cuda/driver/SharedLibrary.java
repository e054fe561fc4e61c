package dev.ddpm.backend.cuda.driver;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.util.Optional;

/**
 * A native library that stays loaded, by the dynamic linker itself: what is loaded is found again
 * by all bindings that need a library of its name.
 */
final class SharedLibrary {
  private static final int LAZY = 1;

  private final Pointer handle;

  private SharedLibrary(Pointer handle) {
    this.handle = handle;
  }

  /**
   * Loads a library.
   *
   * @param file a path, or a name that the linker looks for in LD_LIBRARY_PATH and its own folders
   * @return empty if there is none that can be loaded: {@link #lastError} tells why
   */
  static Optional<SharedLibrary> open(String file) {
    Pointer handle = linker("dlopen").invokePointer(new Object[] {file, LAZY});
    return Optional.ofNullable(handle).map(SharedLibrary::new);
  }

  /** What the linker says of the library that it could not load last, on this thread. */
  static String lastError() {
    String error = linker("dlerror").invokeString(new Object[0], false);
    return error == null ? "no reason given" : error.replace('\n', ' ');
  }

  /** One of its functions. */
  Function function(String name) {
    Pointer address = linker("dlsym").invokePointer(new Object[] {handle, name});
    if (address == null) {
      throw new UnsatisfiedLinkError(lastError());
    }
    return Function.getFunction(address);
  }

  private static Function linker(String name) {
    return NativeLibrary.getProcess().getFunction(name);
  }
}
