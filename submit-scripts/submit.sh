#!/usr/bin/env bash
# Submits a command of the job jar with spark-submit. The script of each cluster manager (local.sh, standalone.sh,
# yarn.sh, kubernetes.sh) names the manager with --manager, and ddpm also itself with --name; all options live here.
set -euo pipefail

self="${BASH_SOURCE[0]}"
while [[ -L "$self" ]]; do
  target="$(readlink "$self")"
  [[ "$target" == /* ]] || target="$(dirname "$self")/$target"
  self=$target
done
scripts="$(CDPATH="" cd -- "$(dirname -- "$self")" && pwd)"
project="$(dirname "$scripts")"
# shellcheck source=/dev/null
source "$scripts/functions.bash"

commands="ingest, train, sample, evaluate, ema, classifier, interpolate, compare-samplers, import, export, plan, config"

fail() {
  echo "error: $1 (see '$name --help')" >&2
  exit "${2:-2}"
}

usage() {
  cat <<HELP
Usage: $name [OPTION...] COMMAND [ARGUMENT...]

$about
COMMAND is one of $commands;
it goes to the job with what follows, and '$name COMMAND --help' explains it.

Options:
  --master URL          Spark master${master:+ (default: $master)}
  --deploy-mode MODE    where the driver runs: client or cluster (default: $deploy_mode)
  --memory SIZE         Java heap of driver and executors, in g or m
                        (default: $default_memory$memory_note)
  --native-memory SIZE  memory of driver and executors outside of the heap, where tensors live, in g or m
                        (default: $default_native$native_note)
  --executors N         executors to ask for; on standalone clusters with --executor-cores (YARN, Kubernetes, standalone)
  --executor-cores N    cores of an executor
  --task-cpus N         cores and threads of a task, which trains or samples with one model (default: 1)
  --supervise           start a driver that was lost again, on the cluster (standalone, cluster mode)
  --gpus                one task per NVIDIA GPU, and backend.device = cuda unless the configuration says otherwise
                        (YARN, Kubernetes, standalone; the machines need CUDA 13 and cuDNN 9)
  --gpus-nd4j           the same by ND4J's own back end, with the job jar of profile cuda (CUDA 11.6 and cuDNN 8)
  --image NAME          container image (Kubernetes)
  --jar PATH            job jar (default: $jar)$jar_note
  --settings FILE       further settings in the form of Spark's own spark-defaults.conf, such as
                        conf/spark-defaults/s3a.conf; may be repeated
  --conf KEY=VALUE      further Spark setting, which wins over those made here; may be repeated
  --dry-run             print the command instead of running it
  --version             the version of the job, of Java and of Spark
  -h, --help            this text

Spark is that of \$SPARK_HOME, else the embedded one in spark-job/target/spark. Its settings are those of
conf/spark-defaults (common.conf and $manager.conf; with GPUs also gpu.conf), each with its reason there.
Exit codes: 0 success, 1 failure, 2 wrong option or configuration, 3 bad data, 4 machine or cluster, 130 and 143
interrupted by Ctrl-C or SIGTERM. $exit_note

Examples:
$examples
HELP
}

# Megabytes of a size such as 6g or 512m.
megabytes() {
  local option=$1 size=$2
  [[ "$size" =~ ^([1-9][0-9]*)([gm])$ ]] || fail "$option = $size: must be a size such as 6g or 512m"
  if [[ "${BASH_REMATCH[2]}" == g ]]; then
    echo $((BASH_REMATCH[1] * 1024))
  else
    echo "${BASH_REMATCH[1]}"
  fi
}

positive() {
  [[ "$2" =~ ^[1-9][0-9]*$ ]] || fail "$1 = $2: must be a whole number, at least 1"
}

scratch=""

# A path as it stands in a URI, which has no space, quote or other character that options of a JVM would need to escape.
as_uri() {
  local LC_ALL=C path=$1 i byte code
  for ((i = 0; i < ${#path}; i++)); do
    byte=${path:i:1}
    case "$byte" in
      [A-Za-z0-9/._~-]) printf '%s' "$byte" ;;
      *)
        printf -v code '%d' "'$byte"
        printf '%%%02X' $((code & 255))
        ;;
    esac
  done
}

# Makes a folder for the temporary files of a driver in this process, and removes those of drivers that were killed. A
# driver holds the lock of its folder as long as its process lives: no number of a process, which another one can have
# got, and no clock decides. Where that is not possible, Java and Spark take the machine's temporary folder.
make_scratch() {
  local base="${TMPDIR:-/tmp}/ddpm-$UID" folder
  command -v flock >/dev/null || return 0
  # It becomes an option of a JVM.
  [[ "$base" != *[[:space:]\'\"\\]* ]] || return 0
  mkdir -m 700 "$base" 2>/dev/null || [[ -d "$base" ]] || return 0
  { [[ -O "$base" && ! -L "$base" ]] && exec 8>"$base/lock"; } 2>/dev/null || return 0
  flock 8
  for folder in "$base"/driver-*; do
    if [[ -f "$folder/lock" ]] && flock --nonblock "$folder/lock" true; then
      rm -rf "$folder"
    fi
  done
  if scratch="$(mktemp -d "$base/driver-XXXXXX" 2>/dev/null)"; then
    exec 9>"$scratch/lock"
    flock 9
  fi
  exec 8>&-
}

[[ "${1:-}" == --manager && $# -ge 2 ]] \
  || { echo "error: call local.sh, standalone.sh, yarn.sh or kubernetes.sh instead." >&2; exit 2; }
manager=$2
shift 2
name="$manager.sh"
if [[ "${1:-}" == --name && $# -ge 2 ]]; then
  name=$2
  shift 2
fi
# Of build.sh: where to write the archive of classes that local jobs start with.
write_archive=""
if [[ "${1:-}" == --write-archive && $# -ge 2 ]]; then
  write_archive=$2
  shift 2
fi

master=""
deploy_mode=client
memory=2g
memory_note=""
native_memory=6g
native_note=""
executors=""
executor_cores=""
task_cpus=1
image=""
gpus=false
nd4j=false
supervise=false
cpu_jar="$project/spark-job/target/ddpm-spark.jar"
nd4j_jar="$project/spark-job/target/ddpm-spark-cuda.jar"
jar=""
settings_files=()
settings=()
dry_run=false
exit_note=""
jar_note=""

case "$manager" in
  local)
    about="Runs on this machine, in one JVM: one task per core."
    master="local[*]"
    # Memory grows with the tasks, and these with the machine's cores. Java forgoes short pointers from 32g on.
    megabytes="$(machine_megabytes)"
    third=$((megabytes / 3)) half=$((megabytes / 2))
    memory="$((third < 2048 ? 2048 : third > 24576 ? 24576 : third))m"
    memory_note=", a third of this machine's, at least 2g and at most 24g"
    native_memory="$((half < 6144 ? 6144 : half))m"
    native_note=", half of this machine's, at least 6g"
    examples="  $name train --config conf/fashion-mnist.conf
  $name --master 'local[2]' --memory 4g train --config conf/fashion-mnist.conf
  $name --dry-run config"
    ;;
  standalone)
    about="Runs on a Spark standalone cluster."
    exit_note="In cluster mode the exit code does
not tell how the driver ended: look for the result."
    jar_note=";
                        local:PATH if it lies there on every machine, so that executors need no copies"
    examples="  standalone.sh --master spark://head:7077 --executors 8 --executor-cores 1 --memory 3g train --config conf/cifar10.conf"
    ;;
  yarn)
    about="Runs on YARN; HADOOP_CONF_DIR names the folder of its configuration."
    master=yarn
    exit_note="In cluster mode every failure
is 1; its line is in the driver's log (yarn logs -applicationId ID)."
    examples="  yarn.sh --executors 8 --memory 3g train --config conf/cifar10.conf
  yarn.sh --deploy-mode cluster --executors 8 --memory 3g --conf spark.files=conf/cifar10.conf \\
    train --config cifar10.conf"
    ;;
  kubernetes)
    about="Runs on Kubernetes, the driver in a pod of its own. In the image the job jar and conf/ lie under
/opt/ddpm, and a configuration file is named by its path there."
    deploy_mode=cluster
    cpu_jar=local:///opt/ddpm/ddpm-spark.jar
    nd4j_jar=local:///opt/ddpm/ddpm-spark-cuda.jar
    exit_note="In cluster mode the exit code does
not tell how the driver ended: look at the phase of its pod."
    examples="  kubernetes.sh --master k8s://https://cluster:6443 --image registry/ddpm-spark:0.2 --executors 8 \\
    --memory 3g train --config /opt/ddpm/conf/cifar10.conf"
    ;;
  *) name=submit.sh; fail "--manager $manager: must be local, standalone, yarn or kubernetes" ;;
esac

default_memory=$memory
default_native=$native_memory
help=false
while [[ $# -gt 0 && "$1" == -* ]]; do
  case "$1" in
    -h | --help) help=true; shift; continue ;;
    --dry-run) dry_run=true; shift; continue ;;
    --gpus) gpus=true; shift; continue ;;
    --gpus-nd4j) gpus=true; nd4j=true; shift; continue ;;
    --supervise) supervise=true; shift; continue ;;
    --version) break ;;
    --master | --deploy-mode | --memory | --native-memory | --executors | --executor-cores | --task-cpus | --image | --jar | --settings | --conf)
      [[ $# -ge 2 ]] || fail "$1 needs a value"
      ;;
    *) fail "unknown option $1" ;;
  esac
  case "$1" in
    --master) master=$2 ;;
    --deploy-mode) deploy_mode=$2 ;;
    --memory) memory=$2 ;;
    --native-memory) native_memory=$2 ;;
    --executors) executors=$2; positive "$1" "$2" ;;
    --executor-cores) executor_cores=$2; positive "$1" "$2" ;;
    --task-cpus) task_cpus=$2; positive "$1" "$2" ;;
    --image) image=$2 ;;
    --jar) jar=$2 ;;
    --settings)
      [[ -f "$2" && -r "$2" ]] || fail "$1 = $2: there is no such file, or it cannot be read"
      settings_files+=("$2")
      ;;
    --conf) settings+=(--conf "$2") ;;
  esac
  shift 2
done

if [[ -z "$jar" ]]; then
  jar=$cpu_jar
  if "$nd4j"; then jar=$nd4j_jar; fi
fi
if "$help"; then
  usage
  exit 0
fi
[[ $# -gt 0 ]] || fail "a command is missing: one of $commands"
[[ -n "$master" ]] || fail "--master is missing"
[[ "$deploy_mode" == client || "$deploy_mode" == cluster ]] \
  || fail "--deploy-mode = $deploy_mode: must be client or cluster"
[[ "$manager" != kubernetes || -n "$image" ]] || fail "--image is missing"
[[ "$manager" != local ]] || ! "$gpus" || fail "--gpus is for clusters, where Spark hands out GPUs: on one machine 'COMMAND --set backend.device=cuda' computes on all of its GPUs"
! "$supervise" || [[ "$manager" == standalone && "$deploy_mode" == cluster ]] \
  || fail "--supervise is for standalone clusters in cluster mode: YARN does so by itself"
# The path of a job jar that is where it is needed, and so need not be sent. YARN knows local: by itself.
jar_path=""
case "$manager:$master:$jar" in
  yarn:*) ;;
  *:local:/*)
    jar_path=${jar#local:}
    while [[ "$jar_path" == //* ]]; do jar_path=${jar_path#/}; done
    ;;
  *:local*) [[ "$jar" == *:/* ]] || jar_path=$jar ;;
esac
[[ "$manager" != standalone || "$jar" != local:/* || "$deploy_mode" == client ]] \
  || fail "--jar = $jar: is for client mode: in cluster mode the worker of the driver fetches the jar"
heap=$(megabytes --memory "$memory")
native=$(megabytes --native-memory "$native_memory")

if [[ -n "${SPARK_HOME:-}" ]]; then
  spark_submit="$SPARK_HOME/bin/spark-submit"
else
  SPARK_HOME="$project/spark-job/target/spark"
  spark_submit="$scripts/bin/spark-submit"
fi
export SPARK_HOME
refuse_colon Spark "$SPARK_HOME"
[[ -z "$jar_path" ]] || refuse_colon "the job jar" "$jar_path"
use_utf8
if ! "$dry_run"; then
  [[ -d "$SPARK_HOME/jars" ]] || fail "there is no Spark in $SPARK_HOME: run submit-scripts/build.sh, or set SPARK_HOME" 4
  [[ "$jar" == *:/* || -f "$jar" ]] || fail "there is no job jar $jar: run submit-scripts/build.sh" 4
fi

# maxphysicalbytes bounds the whole process: JavaCPP's default of four heaps is more than a container has.
jvm_options="--add-modules=jdk.incubator.vector"
jvm_options+=" -Dorg.bytedeco.javacpp.maxphysicalbytes=$((heap + native))m"
jvm_options+=" -Djava.awt.headless=true"
# DL4J's training statistics, if anyone asks for them, take this machine's clock instead of a server on the internet.
jvm_options+=" -Dorg.deeplearning4j.spark.time.TimeSource=org.deeplearning4j.spark.time.SystemClockTimeSource"
# The volume that the pod templates mount there.
[[ "$manager" != kubernetes ]] || jvm_options+=" -Dorg.bytedeco.javacpp.cachedir=/var/cache/javacpp"
# Every round takes arrays of the size of the model, and drops them. Large pages make that cheaper; and dead arrays are
# freed by any collection, so that one a round is enough: by default there is one whenever half of the heap is taken.
[[ "$manager" == local ]] || jvm_options+=" -XX:+UseTransparentHugePages -XX:InitiatingHeapOccupancyPercent=85"
driver_options="$jvm_options"
if [[ "$deploy_mode" == client ]]; then
  "$dry_run" || make_scratch
  [[ -z "$scratch" ]] || driver_options+=" -Djava.io.tmpdir=$scratch"
  driver_options+=" -Dlog4j2.configurationFile=file:$(as_uri "$project/conf/log4j2.properties")"
elif [[ "$manager" == standalone ]]; then
  # The only driver that Spark starts without its module opens.
  for package in lang lang.invoke lang.reflect io net nio util util.concurrent util.concurrent.atomic; do
    driver_options+=" --add-opens=java.base/java.$package=ALL-UNNAMED"
  done
  for package in nio.ch nio.cs security.action util.calendar; do
    driver_options+=" --add-opens=java.base/sun.$package=ALL-UNNAMED"
  done
fi

command=("$spark_submit" --master "$master" --deploy-mode "$deploy_mode"
  --class dev.ddpm.spark.Main --name "ddpm-${1#--}"
  --driver-memory "${heap}m" --driver-java-options "$driver_options"
  # One model per task, as many threads as the task has cores.
  --conf "spark.task.cpus=$task_cpus")
environment=("SPARK_HOME=$SPARK_HOME")

# Classes as the JVM keeps them once it has read and checked them (class-data sharing): Spark then starts a third sooner.
# One that does not fit to the class path or to the JVM is left aside by it, without a word: the jobs do without.
archive=$write_archive
[[ -n "$archive" || "$jar" != "$cpu_jar" || "$SPARK_HOME" != "$project/spark-job/target/spark" ]] \
  || archive="$project/spark-job/target/ddpm-spark.jsa"
if [[ "$manager" == local && -n "$write_archive" ]]; then
  environment+=("DDPM_CLASS_ARCHIVE=$archive" DDPM_WRITE_CLASS_ARCHIVE=true)
elif [[ "$manager" == local && -n "$archive" && "$archive" -nt "$jar" ]]; then
  environment+=("DDPM_CLASS_ARCHIVE=$archive")
fi

if [[ "$manager" == local ]]; then
  environment+=("SPARK_LOCAL_IP=127.0.0.1")
else
  command+=(--executor-memory "${heap}m"
    --conf "spark.executor.memoryOverhead=${native}m"
    --conf "spark.executor.extraJavaOptions=$jvm_options"
    --conf "spark.executorEnv.OMP_NUM_THREADS=$task_cpus")
  [[ -z "$executors" || "$manager" == standalone ]] || command+=(--num-executors "$executors")
  [[ -z "$executor_cores" ]] || command+=(--executor-cores "$executor_cores")
fi
case "$manager" in
  standalone)
    # Spark looks at the option only, not at the setting.
    ! "$supervise" || command+=(--supervise)
    # A standalone cluster is asked for cores, not for executors.
    if [[ -n "$executors" && -n "$executor_cores" ]]; then
      command+=(--conf "spark.cores.max=$((executors * executor_cores))")
    elif [[ -n "$executors" ]]; then
      echo "note: --executors $executors has no effect without --executor-cores: executors take all cores of a machine." >&2
    fi
    ;;
  yarn)
    command+=(--conf "spark.driver.memoryOverhead=${native}m"
      --conf "spark.yarn.appMasterEnv.OMP_NUM_THREADS=$task_cpus")
    ;;
  kubernetes)
    command+=(--conf "spark.driver.memoryOverhead=${native}m"
      --conf "spark.kubernetes.driverEnv.OMP_NUM_THREADS=$task_cpus"
      --conf "spark.kubernetes.container.image=$image"
      --conf "spark.kubernetes.driver.podTemplateFile=$project/conf/kubernetes/driver-pod.yaml")
    executor_pod=executor-pod
    if "$gpus"; then executor_pod=executor-pod-gpu; fi
    command+=(--conf "spark.kubernetes.executor.podTemplateFile=$project/conf/kubernetes/$executor_pod.yaml")
    ;;
esac

# Whether the user's Spark comes without Hadoop: its spark-env.sh then sets that end of the class path by itself.
is_spark_without_hadoop() {
  grep -qs SPARK_DIST_CLASSPATH "${SPARK_CONF_DIR:-$SPARK_HOME/conf}/spark-env.sh"
}

# Adds a path to the class path of driver or executor, behind what the settings have put there.
add_to_class_path() {
  local key="spark.$1.extraClassPath" theirs="" word
  for word in "${command[@]}"; do
    [[ "$word" != "$key="* ]] || theirs=${word#*=}
  done
  command+=(--conf "$key=${theirs:+$theirs:}$2")
}

# Adds the lines of a file in Spark's form, that of Java's properties, as settings: a key, then =, : or blanks, then a
# value; # and ! begin comments; a backslash escapes, or goes on with the next line.
add_settings() {
  local file=$1 prefix=${2:-} line more setting
  while IFS= read -r line || [[ -n "$line" ]]; do
    line="$(trimmed "${line%$'\r'}")"
    [[ -n "$line" && "$line" != [\#!]* ]] || continue
    while [[ "$line" =~ (^|[^\\])(\\\\)*\\$ ]] && IFS= read -r more; do
      line="${line%?}$(trimmed "${more%$'\r'}")"
    done
    # As = and : in a key are escaped, so are they in none of Spark's.
    [[ "$line" =~ ^([^=:[:blank:]]+)[[:blank:]]*[=:]?[[:blank:]]*(.*)$ ]] || continue
    setting="${BASH_REMATCH[1]}=$(unescaped "${BASH_REMATCH[2]}")"
    command+=(--conf "$prefix$setting")
  done <"$file"
}

# A text without the blanks around it.
trimmed() {
  local text=$1
  text="${text#"${text%%[![:space:]]*}"}"
  printf '%s' "${text%"${text##*[![:space:]]}"}"
}

# A value without the backslashes of the form.
unescaped() {
  local text=$1 out="" char
  if [[ "$text" != *\\* ]]; then
    printf '%s' "$text"
    return
  fi
  while [[ -n "$text" ]]; do
    char=${text:0:1}
    text=${text:1}
    if [[ "$char" == \\ && -n "$text" ]]; then
      char=${text:0:1}
      text=${text:1}
      case "$char" in
        t) char=$'\t' ;;
        n) char=$'\n' ;;
        r) char=$'\r' ;;
        f) char=$'\f' ;;
        *) ;;
      esac
    fi
    out+=$char
  done
  printf '%s' "$out"
}

conf="$project/conf"
add_settings "$conf/spark-defaults/common.conf"
add_settings "$conf/spark-defaults/$manager.conf"
add_settings "$conf/metrics.properties" spark.metrics.conf.
for file in ${settings_files[@]+"${settings_files[@]}"}; do
  add_settings "$file"
done
if "$gpus"; then
  add_settings "$conf/spark-defaults/gpu.conf"
  # Standalone workers are started with the addresses of their GPUs.
  case "$manager" in
    yarn)
      command+=(--files "$project/conf/discover-gpus.sh"
        --conf spark.executor.resource.gpu.discoveryScript=./discover-gpus.sh)
      ;;
    kubernetes)
      command+=(--conf spark.executor.resource.gpu.discoveryScript=/opt/ddpm/conf/discover-gpus.sh)
      ;;
  esac
fi
# conf/spark-defaults/common.conf says why
environment+=("OMP_NUM_THREADS=$task_cpus" "MALLOC_ARENA_MAX=1")
command+=(${settings[@]+"${settings[@]}"})

# Whether Spark is to load ONNX Runtime. The job's classes find it only where Spark loads them too; whatever else comes as a
# package, data sources, is called by Spark itself.
loads_onnx_runtime() {
  local word
  for word in "${command[@]}"; do
    case "$word" in
      spark.jars=*onnxruntime* | spark.jars.packages=*onnxruntime*) return 0 ;;
      *) ;;
    esac
  done
  return 1
}

# A jar that is handed to Spark is copied: by local drivers into their temporary folder, by executors twice into theirs.
# One that is there is put on class paths instead: on this machine behind Spark's jars, whose versions of libraries
# then win as they do over those of a jar that is handed over. Executors of local-cluster have this environment too.
application=$jar
if [[ -n "$jar_path" ]] && ! { [[ "$deploy_mode" == client ]] && is_spark_without_hadoop; } && ! loads_onnx_runtime; then
  application=spark-internal
  if [[ "$deploy_mode" == client ]]; then
    environment+=("SPARK_DIST_CLASSPATH=${SPARK_DIST_CLASSPATH:+$SPARK_DIST_CLASSPATH:}$jar_path")
  else
    add_to_class_path driver "$jar_path"
  fi
  [[ "$master" == local* ]] || add_to_class_path executor "$jar_path"
fi
command+=("$application" "$@")

if "$dry_run"; then
  printf '%q ' env "${environment[@]}" "${command[@]}"
  echo
  exit 0
fi
exec env "${environment[@]}" "${command[@]}"
