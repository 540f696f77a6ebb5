// Does something with each library that micromamba is made of, and prints one line of each.

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>
#include <curl/curl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <reproc++/drain.hpp>
#include <reproc++/run.hpp>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <yaml-cpp/yaml.h>

extern "C" {
#include <solv/conda.h>
#include <solv/pool.h>
#include <solv/poolarch.h>
#include <solv/repo.h>
#include <solv/solver.h>
}

namespace fs = std::filesystem;

namespace {

const char *const environment = "name: kiln\ndependencies: ['app >=2']\n";

const char *const index_of_channel = R"({"packages": [
    {"name": "app", "version": "1.9", "build": "h0_0", "depends": []},
    {"name": "app", "version": "2.1", "build": "h0_0", "depends": ["lib >=1.10,<2"]},
    {"name": "lib", "version": "1.9", "build": "h0_0", "depends": []},
    {"name": "lib", "version": "1.10", "build": "h0_0", "depends": []},
    {"name": "lib", "version": "2.0", "build": "h0_0", "depends": []}
]})";

// Writes an archive of one file with a compression, and reads the file back from it.
std::string through_archive(int filter, const std::string &text) {
    std::vector<char> bytes(65536);
    size_t used = 0;
    archive *out = archive_write_new();
    archive_write_set_format_pax_restricted(out);
    if (archive_write_add_filter(out, filter) != ARCHIVE_OK) return archive_error_string(out);
    archive_write_open_memory(out, bytes.data(), bytes.size(), &used);
    archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, "kiln.txt");
    archive_entry_set_size(entry, static_cast<la_int64_t>(text.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_write_header(out, entry);
    archive_write_data(out, text.data(), text.size());
    archive_entry_free(entry);
    archive_write_free(out);

    archive *in = archive_read_new();
    archive_read_support_format_tar(in);
    archive_read_append_filter(in, filter);
    std::string read(text.size(), '\0');
    if (archive_read_open_memory(in, bytes.data(), used) != ARCHIVE_OK
        || archive_read_next_header(in, &entry) != ARCHIVE_OK) {
        return archive_error_string(in);
    }
    archive_read_data(in, read.data(), read.size());
    archive_read_free(in);
    return read;
}

size_t append(char *bytes, size_t size, size_t count, void *text) {
    static_cast<std::string *>(text)->append(bytes, size * count);
    return size * count;
}

std::string transfer(const std::string &url) {
    std::string got;
    CURL *curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, append);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &got);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_cleanup(curl);
    return code == CURLE_OK ? got : curl_easy_strerror(code);
}

std::string solve(const nlohmann::json &index, const std::string &wanted) {
    Pool *pool = pool_create();
    pool_setdisttype(pool, DISTTYPE_CONDA);
    Repo *repo = repo_create(pool, "channel");
    for (const auto &package : index.at("packages")) {
        Solvable *solvable = pool_id2solvable(pool, repo_add_solvable(repo));
        solvable->name = pool_str2id(pool, package.at("name").get<std::string>().c_str(), 1);
        solvable->evr = pool_str2id(pool, package.at("version").get<std::string>().c_str(), 1);
        solvable->arch = ARCH_NOARCH;
        for (const auto &needed : package.at("depends")) {
            Id id = pool_conda_matchspec(pool, needed.get<std::string>().c_str());
            solvable->requires = repo_addid_dep(repo, solvable->requires, id, 0);
        }
        Id self = pool_rel2id(pool, solvable->name, solvable->evr, REL_EQ, 1);
        solvable->provides = repo_addid_dep(repo, solvable->provides, self, 0);
    }
    repo_internalize(repo);
    pool_createwhatprovides(pool);

    Queue job, found;
    queue_init(&job);
    queue_init(&found);
    queue_push2(&job, SOLVER_INSTALL | SOLVER_SOLVABLE_PROVIDES, pool_conda_matchspec(pool, wanted.c_str()));
    Solver *solver = solver_create(pool);
    std::string out;
    if (solver_solve(solver, &job) == 0) {
        Transaction *transaction = solver_create_transaction(solver);
        transaction_order(transaction, 0);
        for (int at = 0; at < transaction->steps.count; at++) {
            Solvable *solvable = pool_id2solvable(pool, transaction->steps.elements[at]);
            out += fmt::format("{}{}", out.empty() ? "" : ", ", pool_solvable2str(pool, solvable));
        }
        transaction_free(transaction);
    } else {
        out = "no solution";
    }
    solver_free(solver);
    queue_free(&found);
    queue_free(&job);
    pool_free(pool);
    return out;
}

std::string log_line(const std::string &text) {
    std::ostringstream out;
    spdlog::logger logger("kiln", std::make_shared<spdlog::sinks::ostream_sink_st>(out));
    logger.set_pattern("[%n] [%l] %v");
    logger.warn("{} is logged", text);
    std::string line = out.str();
    line.pop_back();
    return line;
}

}  // namespace

int main(int argc, char **argv) {
    if (argc > 1 && std::strcmp(argv[1], "child") == 0) {
        std::printf("a child says %s", argv[2]);
        return 7;
    }

    YAML::Node file = YAML::Load(environment);
    std::string wanted = file["dependencies"][0].as<std::string>();
    fmt::print("yaml-cpp: {} wants {}\n", file["name"].as<std::string>(), wanted);

    nlohmann::json index = nlohmann::json::parse(index_of_channel);
    fmt::print("nlohmann-json: {} packages\n", index["packages"].size());
    fmt::print("libsolv: {}\n", solve(index, wanted));

    fmt::print("libarchive: bzip2 {}, xz {}\n", through_archive(ARCHIVE_FILTER_BZIP2, "came back"),
               through_archive(ARCHIVE_FILTER_XZ, "came back"));

    std::string output;
    auto [status, error] = reproc::run(std::vector<std::string>{argv[0], "child", "hello"}, reproc::options{},
                                       reproc::sink::string(output), reproc::sink::null);
    fmt::print("reproc: {:?} and {}, {}\n", output, status, error ? error.message() : "no error");

    fmt::print("spdlog: {}\n", log_line("one line"));

    std::string place = fmt::format("{}/mamba-set-{}", fs::temp_directory_path().string(), getpid());
    std::ofstream(place) << "transferred";
    const curl_version_info_data *about = curl_version_info(CURLVERSION_NOW);
    bool http2 = about->features & CURL_VERSION_HTTP2;
    bool kerberos = about->features & CURL_VERSION_KERBEROS5;
    fmt::print("curl: {}, http2 {}, kerberos {}, {}\n", transfer(fmt::format("file://{}", place)), http2, kerberos,
               about->ssl_version);
    fs::remove(place);
}
