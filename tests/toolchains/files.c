// What a C program does with files, time, input and its exit code; run.ts knows what it prints.

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what) {
  perror(what);
  exit(1);
}
#define must(action) \
  do { \
    if ((action) != 0) fail(#action); \
  } while (0)

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) printf("arg %s\n", argv[i]);
  printf("env %s %s\n", getenv("A"), getenv("B") ? getenv("B") : "none");

  must(mkdir("/data/sub", 0777));
  FILE *file = fopen("/data/sub/a.txt", "wx");
  if (!file) fail("fopen");
  fputs("hello file\n", file);
  must(fclose(file));
  printf("exclusive %d\n", fopen("/data/sub/a.txt", "wx") == NULL && errno == EEXIST);
  file = fopen("/data/sub/a.txt", "a");
  fputs("appended\n", file);
  must(fclose(file));
  char line[100];
  file = fopen("/data/sub/a.txt", "r+");
  while (fgets(line, sizeof line, file)) printf("line %s", line);
  must(fseek(file, 6, SEEK_SET));
  fputs("FILE", file);
  rewind(file);
  fgets(line, sizeof line, file);
  printf("again %s", line);
  must(ftruncate(fileno(file), 5));
  must(fclose(file));

  must(symlink("a.txt", "/data/sub/link"));
  struct stat found;
  must(stat("/data/sub/link", &found));
  printf("size %d regular %d\n", (int)found.st_size, S_ISREG(found.st_mode));
  must(lstat("/data/sub/link", &found));
  printf("link %d\n", S_ISLNK(found.st_mode));
  int entries = 0;
  DIR *directory = opendir("/data/sub");
  while (readdir(directory)) entries++;
  must(closedir(directory));
  printf("entries %d\n", entries);
  must(rename("/data/sub/a.txt", "/data/b.txt"));
  printf("gone %d\n", access("/data/sub/link", F_OK) != 0 && errno == ENOENT);
  printf("outside %d\n", open("/data/../etc/passwd", O_RDONLY) < 0);
  must(unlink("/data/sub/link"));
  must(unlink("/data/b.txt"));
  must(rmdir("/data/sub"));

  struct timespec before, after, nap = {0, 15000000};
  clock_gettime(CLOCK_MONOTONIC, &before);
  nanosleep(&nap, NULL);
  clock_gettime(CLOCK_MONOTONIC, &after);
  long slept = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
  printf("slept %d epoch %d\n", slept >= 15, time(NULL) > 1700000000);
  printf("stdin %s\n", fgets(line, sizeof line, stdin) ? line : "nothing");
  fputs("to stderr\n", stderr);
  return 7;
}
